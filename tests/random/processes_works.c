/*
 * processes_works.c - the functions that the calls of a round run
 */
#include "tests/random/processes.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

json_t *work_argument(enum work what, int family, uint64_t number, uint64_t amount)
{
    return json_pack("{s:i, s:i, s:I, s:I}", "work", (int)what, "family", family, "number",
                     (json_int_t)number, "amount", (json_int_t)amount);
}

static json_int_t get(const json_t *argument, const char *name)
{
    return json_integer_value(json_object_get(argument, name));
}

static json_t *answer(const json_t *argument)
{
    return json_pack("{s:I, s:I}", "number", get(argument, "number"), "work",
                     get(argument, "work"));
}

static json_t *answer_with(const json_t *argument, const char *key, json_t *value)
{
    json_t *result = answer(argument);
    json_object_set_new(result, key, value);
    return result;
}

static json_t *answer_at_length(const json_t *argument)
{
    size_t length = (size_t)get(argument, "amount");
    char *text = malloc(length + 1);
    if (text == NULL)
        procspawn_panic("no memory");
    memset(text, 'a' + (int)(get(argument, "number") % 26), length);
    text[length] = '\0';
    json_t *value = json_string(text);
    free(text);
    return answer_with(argument, "text", value);
}

static void sleep_ms(json_int_t ms)
{
    poll(NULL, 0, (int)ms);
}

static __attribute__((noreturn)) void hang(void)
{
    for (;;)
        pause();
}

/* One in the group, and one that has left it and ignores SIGTERM. */
static void leave_processes(int family)
{
    for (int i = 0; i < 2; i++) {
        if (fork() != 0)
            continue;
        if (i == 1) {
            setsid();
            signal(SIGTERM, SIG_IGN);
        }
        family_enter(family);
        hang();
    }
}

static int sleep_for_ever(void *unused)
{
    (void)unused;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static json_t *run_tasks(const json_t *argument)
{
    scoped_spawner root;
    for (int i = 0; i < 2; i++) {
        if (procspawn_scope_root(&root) == 0)
            scoped_spawn_leaf(root, sleep_for_ever, NULL, NULL);
    }
    return answer(argument);
}

/* ---- nested calls ---- */

/* What came of it, for the program to judge. */
static json_t *tell(const json_t *argument, int rc, procspawn_error *error)
{
    json_t *result = answer_with(argument, "code", json_integer(rc));
    if (rc == PROCSPAWN_ECALL) {
        json_object_set_new(result, "kind", json_integer((int)procspawn_error_kind(error)));
        json_object_set_new(result, "message", json_string(procspawn_error_message(error)));
    }
    procspawn_error_free(error);
    return result;
}

static json_t *inner_argument(const json_t *argument)
{
    return work_argument(WORK_ECHO, (int)get(argument, "family"),
                         (uint64_t)get(argument, "number") + 1, 0);
}

static json_t *join_inner(const json_t *argument, procspawn_handle *handle)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;
    int rc = procspawn_join(handle, &result, &error);
    procspawn_handle_free(handle);
    if (rc < 0)
        return tell(argument, rc, error);
    if (get(result, "number") != get(argument, "number") + 1)
        procspawn_panic("a nested call has the answer to another");
    json_decref(result);
    return tell(argument, 0, NULL);
}

static json_t *nest(const json_t *argument)
{
    procspawn_handle *handle;
    json_t *inner = inner_argument(argument);
    int rc = procspawn(work, inner, &handle);
    json_decref(inner);
    return rc < 0 ? tell(argument, rc, NULL) : join_inner(argument, handle);
}

/* What the program was short of when it made the call. A pool waits as long as a shortage lasts. */
static void have_enough(void)
{
    static const int resources[] = { RLIMIT_NOFILE, RLIMIT_NPROC };
    for (int i = 0; i < 2; i++) {
        struct rlimit limit;
        getrlimit(resources[i], &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resources[i], &limit);
    }
}

static json_t *nest_pool(const json_t *argument)
{
    procspawn_pool *pool;
    procspawn_handle *handle;
    have_enough();
    int rc = procspawn_pool_new(1, &pool);
    if (rc < 0)
        return tell(argument, rc, NULL);
    json_t *inner = inner_argument(argument);
    rc = procspawn_pool_spawn(pool, work, inner, &handle);
    json_decref(inner);
    json_t *result = rc < 0 ? tell(argument, rc, NULL) : join_inner(argument, handle);
    procspawn_pool_free(pool);
    return result;
}

/* It ends with the requester. */
static json_t *nest_unheard(const json_t *argument)
{
    procspawn_handle *handle;
    json_t *inner = work_argument(WORK_HANG_DEAF, (int)get(argument, "family"), 0, 0);
    int rc = procspawn(work, inner, &handle);
    json_decref(inner);
    if (rc == 0 && get(argument, "amount") % 2)
        procspawn_handle_free(handle);
    return tell(argument, rc, NULL);
}

/* ---- ends of other kinds ---- */

static __attribute__((noinline)) int overflow(volatile char *above)
{
    volatile char here[4096];
    here[0] = above[0];
    return here[0] == 0 ? overflow(here) + here[0] : 1;
}

static json_t *print(enum work what, const json_t *argument)
{
    output_print(what, (uint64_t)get(argument, "number"), (uint64_t)get(argument, "amount"));
    return answer(argument);
}

static json_t *give_bytes(const json_t *argument)
{
    uint64_t number = (uint64_t)get(argument, "number");
    if (!bytes_are(json_object_get(argument, "value"), number))
        procspawn_panic("another value");
    return answer_with(argument, "value", bytes_value(number + 1));
}

/* To the end: how much there was, and its sum. */
static json_t *read_input(const json_t *argument)
{
    unsigned char bytes[4096];
    json_int_t sum = 0, size = 0;
    ssize_t n = json_object_get(argument, "input") != NULL ? 1 : 0;
    while (n > 0) {
        n = read(STDIN_FILENO, bytes, sizeof bytes);
        for (ssize_t i = 0; i < n; i++)
            sum += bytes[i];
        size += n > 0 ? n : 0;
    }
    return answer_with(argument, "input", json_pack("[I, I]", size, sum));
}

/* A message and a detail of any length; it counts, and the result does not. */
static json_t *say_failure(const json_t *argument)
{
    uint64_t number = (uint64_t)get(argument, "number");
    size_t length = (size_t)get(argument, "amount");
    char *text = malloc(length + 1);
    if (text == NULL)
        procspawn_panic("no memory");
    memset(text, 'f', length);
    text[length] = '\0';
    procspawn_fail("the last one counts");
    procspawn_fail_at("file", 7, "function", "random", bytes_value(number), "%llu %s",
                      (unsigned long long)number, text);
    free(text);
    return number % 4 == 0 ? NULL : answer(argument);
}

static json_t *nest_arrays(void)
{
    json_t *value = json_array();
    for (int i = 0; i < 300; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, value);
        value = outer;
    }
    return value;
}

static json_t *end_in_order(const json_t *argument)
{
    struct pollfd fd = { .events = POLLIN };
    if (procspawn_end_fd(&fd.fd) == 0)
        poll(&fd, 1, -1);
    else
        hang();
    return answer(argument);
}

static __attribute__((noreturn)) void end_badly(enum work what, const json_t *argument)
{
    volatile char top = 0;
    switch (what) {
    case WORK_CRASH:
        *(volatile int *)(uintptr_t)(get(argument, "amount") % 1024 * (json_int_t)sizeof(int)) = 1;
        break;
    case WORK_ASSERT:
        assert(top != 0);
        break;
    case WORK_OVERFLOW:
        _exit(overflow(&top));
    case WORK_EXIT:
        exit((int)(get(argument, "number") % 256));
    case WORK_QUIT:
        _exit((int)(get(argument, "number") % 256));
    case WORK_PANIC:
        procspawn_panic("%lld", (long long)get(argument, "number"));
    case WORK_KILL_SELF:
        kill(getpid(), SIGKILL);
        break;
    case WORK_STOP_SELF:
        kill(getpid(), SIGSTOP);
        break;
    case WORK_HANG_DEAF:
        signal(SIGTERM, SIG_IGN);
        break;
    case WORK_HANG_BUSY:
        for (;;)
            top++;
    case WORK_ABORT:
        abort();
    default:
        break;
    }
    hang();
}

json_t *work(json_t *argument)
{
    enum work what = (enum work)get(argument, "work");
    family_enter((int)get(argument, "family"));
    switch (what) {
    case WORK_ECHO:
        return answer(argument);
    case WORK_ECHO_BACK:
        return answer_with(argument, "text", json_incref(json_object_get(argument, "text")));
    case WORK_LONG:
        return answer_at_length(argument);
    case WORK_SLEEP:
        sleep_ms(get(argument, "amount") % 20);
        return answer(argument);
    case WORK_LEAVE:
        leave_processes((int)get(argument, "family"));
        return answer(argument);
    case WORK_TASKS:
        return run_tasks(argument);
    case WORK_NEST:
        return nest(argument);
    case WORK_NEST_POOL:
        return nest_pool(argument);
    case WORK_NEST_UNHEARD:
        return nest_unheard(argument);
    case WORK_PRINT:
    case WORK_FLOOD:
        return print(what, argument);
    case WORK_BYTES:
        return give_bytes(argument);
    case WORK_INPUT:
        return read_input(argument);
    case WORK_FAIL:
        return say_failure(argument);
    case WORK_NOTHING:
        return NULL;
    case WORK_NO_TEXT:
        return json_string_nocheck("\xff");
    case WORK_DEEP:
        return nest_arrays();
    case WORK_END_IN_ORDER:
        return end_in_order(argument);
    default:
        end_badly(what, argument);
    }
}
