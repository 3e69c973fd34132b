/*
 * capture_test.c - captured output of a pool's calls: each call's is apart
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/output.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

static procspawn_pool *make_capturing(size_t limit)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_builder_capture(procspawn_pool_builder_process(builder), limit, false);
    return pool_build(builder);
}

static struct procspawn_output out_of(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), 0);
    return output;
}

static struct procspawn_output err_of(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), 0);
    return output;
}

static void join(procspawn_handle *handle, int wanted)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), wanted);
}

static json_t *say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return NULL;
}

static void what_calls_write_is_kept_apart(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    procspawn_handle *first = pool_start(pool, say, json_string("first"));
    procspawn_handle *second = pool_start(pool, say, json_string("second"));

    join(second, PROCSPAWN_ECALL);
    join(first, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(first).data, "first");
    CU_ASSERT_STRING_EQUAL(err_of(first).data, "not first");
    CU_ASSERT_STRING_EQUAL(out_of(second).data, "second");
    CU_ASSERT_STRING_EQUAL(err_of(second).data, "not second");
    procspawn_pool_free(pool);
    CU_ASSERT_STRING_EQUAL(out_of(first).data, "first");
    procspawn_handle_free(first);
    procspawn_handle_free(second);
}

static void a_call_of_a_pool_that_captures_nothing_has_no_output(void)
{
    struct procspawn_output output;
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = pool_start(pool, calls_echo, json_true());

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), -ENODATA);
    join(handle, 0);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static json_t *say_and_wait(json_t *path)
{
    puts("begun");
    json_decref(pool_wait_at_gate(path));
    puts("ended");
    return json_null();
}

static void it_can_be_read_while_the_call_runs(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, say_and_wait, pool_gate_name(&gate));
    procspawn_handle *queued = pool_start(pool, say, json_string("later"));
    while (out_of(handle).total == 0 && calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "begun\n");
    CU_ASSERT_STRING_EQUAL(out_of(queued).data, "");
    pool_gate_open(&gate);
    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "begun\nended\n");
    join(queued, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(queued).data, "later");
    procspawn_handle_free(handle);
    procspawn_handle_free(queued);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* ---- bounds ---- */

enum { PIECE = 1000 };

static char letter(size_t place)
{
    return (char)('a' + place / 7 % 26);
}

/* As many pieces as are asked for; returns whether all could be written. */
static json_t *write_much(json_t *count)
{
    char piece[PIECE];
    size_t place = 0;

    for (json_int_t i = 0; i < json_integer_value(count); i++) {
        for (size_t j = 0; j < PIECE; j++)
            piece[j] = letter(place++);
        if (write(STDOUT_FILENO, piece, PIECE) != PIECE)
            return json_false();
    }
    return json_true();
}

static size_t wrong_in(const char *bytes, size_t length, size_t place)
{
    size_t wrong = 0;

    for (size_t i = 0; i < length; i++)
        wrong += bytes[i] != letter(place + i);
    return wrong;
}

/* The first half of the limit, the line, and the second half: the end of all that was printed. */
static void check_kept(struct procspawn_output output, size_t limit, size_t printed)
{
    size_t head = limit / 2, tail = limit - head;

    PROCSPAWN_CUNIT_EQUAL((long)output.total, (long)printed);
    CU_ASSERT(output.truncated == (printed > limit));
    if (printed <= limit) {
        PROCSPAWN_CUNIT_EQUAL((long)output.size, (long)printed);
        PROCSPAWN_CUNIT_EQUAL((long)wrong_in(output.data, output.size, 0), 0);
        return;
    }
    CU_ASSERT_FATAL(output.size > limit && output.size < limit + 64);
    PROCSPAWN_CUNIT_EQUAL((long)wrong_in(output.data, head, 0), 0);
    PROCSPAWN_CUNIT_EQUAL((long)wrong_in(output.data + output.size - tail, tail, printed - tail),
                          0);
}

static void check_bound(size_t limit, size_t pieces)
{
    procspawn_pool *pool = make_capturing(limit);
    procspawn_handle *handle = pool_start(pool, write_much, json_integer((json_int_t)pieces));
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT(json_is_true(result));
    check_kept(out_of(handle), limit, pieces * PIECE);
    PROCSPAWN_CUNIT_EQUAL((long)err_of(handle).size, 0);
    json_decref(result);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static void beginning_and_end_are_kept_and_the_call_notices_nothing(void)
{
    check_bound(LIMIT, 3000);
    check_bound(LIMIT, 300);
    check_bound(2500, 200);
    check_bound(2000, 2);
    check_bound(1999, 2);
    check_bound(1, 200);
    check_bound(3 * LIMIT, 4000);
}

/* No thread waits for the call. */
static void a_call_that_is_not_joined_does_not_wait_for_a_reader(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    procspawn_handle *handle = pool_start(pool, write_much, json_integer(5000));

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_SECOND), 0);
    check_kept(out_of(handle), LIMIT, 5000 * PIECE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 0, NULL, NULL), 0);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static json_t *write_for_ever(json_t *argument)
{
    for (;;)
        json_decref(write_much(json_integer(1000)));
    return argument;
}

static void a_call_that_writes_for_ever_meets_its_deadline(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_error *error = NULL;

    procspawn_builder_capture(procspawn_pool_builder_process(builder), LIMIT, false);
    procspawn_builder_total_limit(procspawn_pool_builder_process(builder), 300 * CALLS_MS);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *handle = pool_start(pool, write_for_ever, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    CU_ASSERT(out_of(handle).size < LIMIT + 64);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* ---- ends of the stream ---- */

static json_t *leave_a_writer(json_t *argument)
{
    if (fork() != 0)
        return json_incref(argument);
    for (;;)
        json_decref(write_much(json_integer(1)));
}

/* Neither the joiner nor the reader nor the next call have to do with it. */
static void a_process_that_keeps_the_stream_holds_up_nothing(void)
{
    procspawn_pool *pool = make_capturing(10);
    procspawn_handle *handle = pool_start(pool, leave_a_writer, json_integer(1));

    join(handle, 0);
    struct procspawn_output output = out_of(handle);
    CU_ASSERT(output.size < 10 + 64);
    uint64_t total = output.total;
    procspawn_handle *next = pool_start(pool, say, json_string("mine"));
    join(next, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(next).data, "mine");
    CU_ASSERT(out_of(handle).total == total);
    procspawn_handle_free(handle);
    procspawn_handle_free(next);
    procspawn_pool_free(pool);
}

static json_t *close_and_wait(json_t *path)
{
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return pool_wait_at_gate(path);
}

static int64_t processor_time(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * CALLS_SECOND + time.tv_nsec;
}

static void a_call_that_closes_its_streams_wakes_no_thread(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, close_and_wait, pool_gate_name(&gate));
    CU_ASSERT(procspawn_fd(handle) >= 0);
    poll(NULL, 0, 100);
    int64_t before = processor_time();
    poll(NULL, 0, 400);
    CU_ASSERT(processor_time() - before < 100 * CALLS_MS);
    pool_gate_open(&gate);
    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "");
    procspawn_handle *next = pool_start(pool, say, json_string("mine"));
    join(next, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(next).data, "mine");
    procspawn_handle_free(handle);
    procspawn_handle_free(next);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* The call waits in the queue for the descriptors that it takes: below the limit there are none. */
static void a_shortage_is_waited_for(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    struct rlimit before, none;
    struct pool_gate gate;

    CU_ASSERT_FATAL(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){ 3, before.rlim_max };
    pool_gate_make(&gate);
    procspawn_handle *first = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    procspawn_handle *second = pool_start(pool, say, json_string("second"));
    pid_t worker = pool_await_start(first);
    kill(worker, SIGSTOP);      /* it does not answer before there are none */
    pool_gate_open(&gate);
    CU_ASSERT(setrlimit(RLIMIT_NOFILE, &none) == 0);
    kill(worker, SIGCONT);
    while (procspawn_join_timeout(first, 0, NULL, NULL) == -ETIMEDOUT)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(second, 0, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool), 1);
    CU_ASSERT(setrlimit(RLIMIT_NOFILE, &before) == 0);
    join(second, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(second).data, "second");
    procspawn_handle_free(first);
    procspawn_handle_free(second);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* A pool starts another one for the calls that wait. */
static void the_end_of_the_collector_costs_no_later_call(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    struct calls_tree tree;
    unsigned killed = 0;

    procspawn_handle *before = pool_start(pool, say, json_string("before"));
    join(before, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(before).data, "before");
    procspawn_handle_free(before);
    calls_tree_open(&tree, getpid());
    for (unsigned i = 0; i < tree.count; i++) {
        pid_t parent = (pid_t)calls_status(tree.pid[i], "PPid:");
        if (calls_child_named(parent, "forkscope-out") != tree.pid[i])
            continue;
        kill(tree.pid[i], SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(poll(&(struct pollfd){ .fd = tree.fd[i], .events = POLLIN }, 1,
                                   20000), 1);
        killed++;
    }
    calls_tree_close(&tree);
    PROCSPAWN_CUNIT_EQUAL(killed, 1);
    procspawn_handle *handle = pool_start(pool, say, json_string("mine"));
    join(handle, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "mine");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* The worker puts something else in the place of its stdout before it answers. */
static json_t *pass_on(json_t *argument)
{
    (void)argument;
    printf("mine");
    return procspawn_value_fd(dup(STDOUT_FILENO));
}

/* The message about the end of a call may get lost, so its end is enough. */
static void a_stream_that_was_passed_on_is_closed_though_nobody_asks(void)
{
    procspawn_pool *pool = make_capturing(LIMIT);
    procspawn_handle *handle = pool_start(pool, pass_on, NULL);
    json_t *result = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(result, &fd), 0);
    json_decref(result);
    struct pollfd broken = { .fd = fd, .events = 0 };
    PROCSPAWN_CUNIT_EQUAL(poll(&broken, 1, 20000), 1);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "mine");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
    close(fd);
}

#define TEST(name) { #name, name }

static CU_TestInfo capture_tests[] = {
    TEST(what_calls_write_is_kept_apart),
    TEST(a_call_of_a_pool_that_captures_nothing_has_no_output),
    TEST(it_can_be_read_while_the_call_runs),
    TEST(beginning_and_end_are_kept_and_the_call_notices_nothing),
    TEST(a_call_that_is_not_joined_does_not_wait_for_a_reader),
    TEST(a_call_that_writes_for_ever_meets_its_deadline),
    TEST(a_process_that_keeps_the_stream_holds_up_nothing),
    TEST(a_call_that_closes_its_streams_wakes_no_thread),
    TEST(a_stream_that_was_passed_on_is_closed_though_nobody_asks),
    TEST(a_shortage_is_waited_for),
    TEST(the_end_of_the_collector_costs_no_later_call),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("capture", capture_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
