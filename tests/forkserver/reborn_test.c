/*
 * reborn_test.c - calls sent to a child that died before it took them are made by another child
 */
#include "src/call/handle.h"
#include "src/call/process.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/memory_search.h"
#include "tests/support/closed.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int *made;               /* shared with the processes of a test */

static void begin(void)
{
    made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(made, sizeof *made);
}

/* All children that wait ahead of need take nothing until they are killed. */
static void stop_spares(void)
{
    struct calls_tree tree = { 0 };

    poll(NULL, 0, 100);
    calls_tree_open(&tree, calls_root());
    for (unsigned i = 0; i < tree.count; i++) {
        if (calls_status(tree.pid[i], "PPid:") != calls_root())
            calls_stop(tree.pid[i]);
    }
    calls_tree_close(&tree);
}

/* A call whose process dies with it unread. */
static procspawn_handle *start_in_vain(procspawn_builder *builder, procspawn_function *function,
                                       json_t *argument)
{
    stop_spares();
    procspawn_handle *handle = calls_build(builder, function, argument);
    kill(procspawn_pid(handle), SIGKILL);
    return handle;
}

static json_t *echo_and_count(json_t *argument)
{
    __atomic_add_fetch(made, 1, __ATOMIC_RELAXED);
    return json_incref(argument);
}

static void it_is_made_once_by_another_process(void)
{
    for (int i = 1; i <= 5; i++) {
        procspawn_handle *handle = start_in_vain(NULL, echo_and_count, json_integer(i));
        pid_t first = procspawn_pid(handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
        CU_ASSERT(procspawn_pid(handle) != first);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), i);
        PROCSPAWN_CUNIT_EQUAL(*made, i);
    }
}

static json_t *read_line(json_t *null)
{
    char line[16] = "";
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);

    (void)null;
    return json_stringn(line, n > 0 ? (size_t)n : 0);
}

static void it_has_its_streams(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *handle = start_in_vain(builder, read_line, NULL);
    CU_ASSERT(write(procspawn_stdin(handle), "text", 4) == 4);
    calls_check_text(calls_result(handle), "text");
    procspawn_builder_free(builder);
}

/* Longer than a message: its memory travels as a descriptor. */
static void it_has_an_argument_of_any_length(void)
{
    enum { LONG = 1 << 20 };
    static char text[LONG + 1];

    memset(text, 'a', LONG);
    json_t *result = calls_result(start_in_vain(NULL, calls_echo, json_string(text)));
    PROCSPAWN_CUNIT_EQUAL(json_string_length(result), LONG);
    json_decref(result);
}

static void it_keeps_its_deadline(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_total_limit(builder, CALLS_SECOND);
    calls_check_error(calls_error(start_in_vain(builder, calls_hang, NULL)),
                      PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    procspawn_builder_free(builder);
}

static void it_can_be_killed_by_who_knows_the_first_process(void)
{
    procspawn_handle *handle = start_in_vain(NULL, calls_hang, NULL);

    poll(NULL, 0, 200);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void a_call_that_was_killed_is_not_made(void)
{
    stop_spares();
    procspawn_handle *handle = calls_start(echo_and_count, json_integer(1));
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(*made, 0);
}

/* The server hears of the death and of the kill at one time. */
static void nor_one_whose_kill_came_after_the_death(void)
{
    stop_spares();
    procspawn_handle *handle = calls_start(echo_and_count, json_integer(1));
    calls_stop_servers();
    kill(procspawn_pid(handle), SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error_free(calls_error(handle));
    PROCSPAWN_CUNIT_EQUAL(*made, 0);
}

static void a_detached_one_is_made(void)
{
    procspawn_handle_free(start_in_vain(NULL, echo_and_count, json_integer(1)));
    for (int i = 0; i < 10000 && __atomic_load_n(made, __ATOMIC_RELAXED) == 0; i++)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(*made, 1);
}

static void one_of_a_scope_is_made(void)
{
    scoped_spawner root;
    procspawn_handle *handle;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    stop_spares();
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, echo_and_count, json_true(), &handle) == 0);
    kill(procspawn_pid(handle), SIGKILL);
    json_t *result = calls_result(handle);
    CU_ASSERT(json_is_true(result));
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(10 * CALLS_SECOND)), 0);
}

/* Its channel is watched by the caller's own loop. */
static void its_descriptor_stays_what_it_is(void)
{
    procspawn_handle *handle = start_in_vain(NULL, calls_echo, json_integer(3));
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    json_t *result = NULL;
    int rc = -ETIMEDOUT;

    while (rc == -ETIMEDOUT && poll(&fd, 1, 10000) == 1)
        rc = procspawn_join_timeout(handle, 0, &result, NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result), 3);
    json_decref(result);
    procspawn_handle_free(handle);
}

/* ---- what it knows ---- */

/* Looks through its stack for two words that come inverted, so that those are no find. */
static json_t *search_stack(json_t *null)
{
    uint64_t inverted[2];
    unsigned long from, to;
    char line[512];
    bool looked = false, found = false;
    FILE *maps = fopen("/proc/self/maps", "re");

    (void)null;
    if (read(STDIN_FILENO, inverted, sizeof inverted) != sizeof inverted)
        return NULL;
    while (maps && fgets(line, sizeof line, maps)) {
        if (!strstr(line, "[stack]") || sscanf(line, "%lx-%lx", &from, &to) != 2)
            continue;
        looked = true;
        found = memory_has_inverted((const uint64_t *)from, (const uint64_t *)to, inverted);
    }
    return json_pack("[bb]", looked, found);
}

/*
 * The token proves a report to be the server's; a child that knew it could send such reports
 * itself.
 */
static void its_process_does_not_know_the_token(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *handle = start_in_vain(builder, search_stack, NULL);
    struct wire_token token = ((struct procspawn__process *)(void *)handle)->child.token;
    token.word[0] = ~token.word[0];
    token.word[1] = ~token.word[1];
    CU_ASSERT(write(procspawn_stdin(handle), &token, sizeof token) == sizeof token);
    json_t *result = calls_result(handle);
    CU_ASSERT(json_is_true(json_array_get(result, 0)));
    CU_ASSERT(json_is_false(json_array_get(result, 1)));
    json_decref(result);
    procspawn_builder_free(builder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(it_is_made_once_by_another_process),
    TEST(it_has_its_streams),
    TEST(it_has_an_argument_of_any_length),
    TEST(it_keeps_its_deadline),
    TEST(it_can_be_killed_by_who_knows_the_first_process),
    TEST(a_call_that_was_killed_is_not_made),
    TEST(nor_one_whose_kill_came_after_the_death),
    TEST(a_detached_one_is_made),
    TEST(one_of_a_scope_is_made),
    TEST(its_descriptor_stays_what_it_is),
    TEST(its_process_does_not_know_the_token),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "reborn", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
