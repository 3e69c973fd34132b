/*
 * work.c - the called functions: their arguments, results and checks
 */
#include "tests/soak/work.h"

#include "tests/soak/nodes.h"
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int node;

json_t *work_argument(enum work what, int of_node, int64_t number)
{
    return json_pack("{s:i, s:i, s:I}", "work", (int)what, "node", of_node, "number",
                     (json_int_t)number);
}

int64_t work_answer(int64_t number)
{
    return 3 * number + 1;
}

int work_is_right(int64_t number, const json_t *result)
{
    return json_integer_value(json_object_get(result, "answer")) == work_answer(number);
}

static json_t *answer(json_t *argument)
{
    int64_t number = json_integer_value(json_object_get(argument, "number"));
    return json_pack("{s:I}", "answer", (json_int_t)work_answer(number));
}

static json_t *answer_at_length(json_t *argument)
{
    enum { LENGTH = 300000 };
    static char text[LENGTH + 1];
    json_t *result = answer(argument);

    memset(text, 'x', LENGTH);
    json_object_set_new(result, "text", json_string(text));
    return result;
}

static void __attribute__((noreturn)) hang(void)
{
    for (;;)
        pause();
}

/* Starts a process that ignores SIGTERM, in a session of its own, not adopted by this process. */
static void leave_process(void)
{
    if (fork() != 0)
        return;
    setsid();
    signal(SIGTERM, SIG_IGN);
    if (fork() != 0)
        _exit(0);
    node_add_process(node, getpid());
    hang();
}

static json_t *nest(json_t *argument)
{
    procspawn_handle *handle;
    json_t *result = NULL;
    int64_t number = json_integer_value(json_object_get(argument, "number"));
    int below = node_enter(node, NODE_OF_CALL);
    json_t *inner = work_argument(WORK_ANSWER, below, number);
    int rc = below < 0 ? -1 : procspawn(work, inner, &handle);

    json_decref(inner);
    if (rc == 0) {
        rc = procspawn_join(handle, &result, NULL);
        procspawn_wait_timeout(handle, -1, NULL);
        procspawn_handle_free(handle);
    }
    if (below >= 0)
        node_end(below);
    return rc == 0 ? result : answer(argument);
}

static int sleep_for_ever(void *unused)
{
    (void)unused;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static json_t *run_tasks(json_t *argument)
{
    scoped_spawner root;

    for (int i = 0; i < 3; i++) {
        if (procspawn_scope_root(&root) == 0)
            scoped_spawn_leaf(root, sleep_for_ever, NULL, NULL);
    }
    return answer(argument);
}

static json_t *leave_in_order(json_t *argument)
{
    struct pollfd fd = { .events = POLLIN };

    if (procspawn_end_fd(&fd.fd) == 0)
        poll(&fd, 1, 50);
    return answer(argument);
}

static json_t *crash(void)
{
    raise(SIGSEGV);
    return NULL;
}

json_t *work(json_t *argument)
{
    node = (int)json_integer_value(json_object_get(argument, "node"));
    node_add_process(node, getpid());
    switch ((enum work)json_integer_value(json_object_get(argument, "work"))) {
    case WORK_ANSWER_AT_LENGTH:
        return answer_at_length(argument);
    case WORK_PANIC:
        procspawn_panic("as planned");
    case WORK_CRASH:
        return crash();
    case WORK_EXIT:
        exit(7);
    case WORK_LEAVE_PROCESSES:
        leave_process();
        leave_process();
        return answer(argument);
    case WORK_NEST:
        return nest(argument);
    case WORK_RUN_TASKS:
        return run_tasks(argument);
    case WORK_HANG_DEAF:
        signal(SIGTERM, SIG_IGN);
        leave_process();
        hang();
    case WORK_HANG:
        hang();
    case WORK_LEAVE_IN_ORDER:
        return leave_in_order(argument);
    default:
        return answer(argument);
    }
}
