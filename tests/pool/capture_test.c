/*
 * capture_test.c - captured output of a pool's calls: separate for each call, bounded, without a
 * wait
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

static procspawn_pool *make_capturing(int64_t limit)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_capture_stdout(builder, true);
    procspawn_pool_builder_capture_stderr(builder, true);
    if (limit >= 0)
        procspawn_pool_builder_capture_limit(builder, (uint64_t)limit);
    return pool_build(builder);
}

/* The next of what is there by now. */
static void check_stream(int fd, const char *text)
{
    char buffer[64] = "";

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(read(fd, buffer, sizeof buffer - 1) >= 0);
    CU_ASSERT_STRING_EQUAL(buffer, text);
}

static json_t *say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return NULL;
}

static void what_calls_write_is_kept_apart(void)
{
    procspawn_pool *pool = make_capturing(-1);
    procspawn_handle *first = pool_start(pool, say, json_string("first"));
    procspawn_handle *second = pool_start(pool, say, json_string("second"));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(second, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(first, NULL, NULL), PROCSPAWN_ECALL);
    check_stream(procspawn_stdout(first), "first");
    check_stream(procspawn_stderr(first), "not first");
    check_stream(procspawn_stdout(second), "second");
    check_stream(procspawn_stderr(second), "not second");
    check_stream(procspawn_stdout(second), "");
    procspawn_handle_free(first);
    procspawn_handle_free(second);
    procspawn_pool_free(pool);
}

static json_t *say_and_wait(json_t *path)
{
    CU_ASSERT(write(STDOUT_FILENO, "begun", 5) == 5);
    json_decref(pool_wait_at_gate(path));
    CU_ASSERT(write(STDOUT_FILENO, "ended", 5) == 5);
    return json_null();
}

static void it_can_be_read_while_the_call_runs(void)
{
    procspawn_pool *pool = make_capturing(-1);
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;
    char buffer[16] = "";
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, say_and_wait, pool_gate_name(&gate));
    while (read(procspawn_stdout(handle), buffer, sizeof buffer - 1) == 0 &&
           calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_STRING_EQUAL(buffer, "begun");
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    check_stream(procspawn_stdout(handle), "ended");
    procspawn_handle_free(handle);
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

static void check_captured(int fd, size_t length)
{
    char *bytes = malloc(length + 1);
    size_t have = 0, wrong = 0;
    ssize_t n;

    CU_ASSERT_FATAL(bytes != NULL);
    while ((n = read(fd, bytes + have, length + 1 - have)) > 0)
        have += (size_t)n;
    PROCSPAWN_CUNIT_EQUAL((long)have, (long)length);
    for (size_t i = 0; i < have; i++)
        wrong += bytes[i] != letter(i);
    PROCSPAWN_CUNIT_EQUAL((long)wrong, 0);
    free(bytes);
}

static void check_bound(int64_t limit, json_int_t pieces, size_t kept)
{
    procspawn_pool *pool = make_capturing(limit);
    procspawn_handle *handle = pool_start(pool, write_much, json_integer(pieces));
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT(json_is_true(result));
    check_captured(procspawn_stdout(handle), kept);
    check_captured(procspawn_stderr(handle), 0);
    json_decref(result);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static void the_rest_is_dropped_and_the_call_notices_nothing(void)
{
    check_bound(-1, 3000, LIMIT);
    check_bound(-1, 300, 300 * PIECE);
    check_bound(2500, 200, 2500);
    check_bound(0, 200, 0);
    check_bound(3 * LIMIT, 4000, 3 * LIMIT);
}

/* No thread waits for the call. */
static void a_call_that_is_not_joined_does_not_wait_for_a_reader(void)
{
    procspawn_pool *pool = make_capturing(-1);
    procspawn_handle *handle = pool_start(pool, write_much, json_integer(5000));

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_SECOND), 0);
    check_captured(procspawn_stdout(handle), LIMIT);
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
    procspawn_pool *pool = make_capturing(-1);
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 300 * CALLS_MS, write_for_ever, NULL,
                                                        &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    CU_ASSERT(lseek(procspawn_stdout(handle), 0, SEEK_END) <= LIMIT);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* The limit for files is no signal for this program, and no loss for the call. */
static void the_limit_for_files_bounds_it_too(void)
{
    struct rlimit before, small;

    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &before) == 0);
    procspawn_pool *pool = make_capturing(-1);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(1)), 1);
    small = (struct rlimit){ 100, before.rlim_max };
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &small) == 0);
    procspawn_handle *handle = pool_start(pool, write_much, json_integer(5));
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0);
    CU_ASSERT(setrlimit(RLIMIT_FSIZE, &before) == 0);
    check_captured(procspawn_stdout(handle), 100);
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

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0);
    off_t length = lseek(procspawn_stdout(handle), 0, SEEK_END);
    CU_ASSERT(length <= 10);
    procspawn_handle *next = pool_start(pool, say, json_string("mine"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(next, 20 * CALLS_SECOND, NULL, NULL),
                          PROCSPAWN_ECALL);
    check_stream(procspawn_stdout(next), "mine");
    PROCSPAWN_CUNIT_EQUAL(lseek(procspawn_stdout(handle), 0, SEEK_END), length);
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
    procspawn_pool *pool = make_capturing(-1);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, close_and_wait, pool_gate_name(&gate));
    CU_ASSERT(procspawn_fd(handle) >= 0);
    poll(NULL, 0, 100);
    int64_t before = processor_time();
    poll(NULL, 0, 400);
    CU_ASSERT(processor_time() - before < 100 * CALLS_MS);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    check_stream(procspawn_stdout(handle), "");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* The call waits in the queue for the descriptors that it takes: below the limit there are none. */
static void a_shortage_is_waited_for(void)
{
    procspawn_pool *pool = make_capturing(-1);
    struct rlimit before, none;
    struct pool_gate gate;

    CU_ASSERT_FATAL(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){ 3, before.rlim_max };
    pool_gate_make(&gate);
    procspawn_handle *first = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    procspawn_handle *second = pool_start(pool, say, json_string("second"));
    pool_await_start(first);
    pool_gate_open(&gate);
    CU_ASSERT(setrlimit(RLIMIT_NOFILE, &none) == 0);
    while (procspawn_join_timeout(first, 0, NULL, NULL) == -ETIMEDOUT)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(second, 0, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool), 1);
    CU_ASSERT(setrlimit(RLIMIT_NOFILE, &before) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(second, 20 * CALLS_SECOND, NULL, NULL),
                          PROCSPAWN_ECALL);
    check_stream(procspawn_stdout(second), "second");
    procspawn_handle_free(first);
    procspawn_handle_free(second);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

#define TEST(name) { #name, name }

static CU_TestInfo capture_tests[] = {
    TEST(what_calls_write_is_kept_apart),
    TEST(it_can_be_read_while_the_call_runs),
    TEST(the_rest_is_dropped_and_the_call_notices_nothing),
    TEST(a_call_that_is_not_joined_does_not_wait_for_a_reader),
    TEST(a_call_that_writes_for_ever_meets_its_deadline),
    TEST(the_limit_for_files_bounds_it_too),
    TEST(a_process_that_keeps_the_stream_holds_up_nothing),
    TEST(a_call_that_closes_its_streams_wakes_no_thread),
    TEST(a_shortage_is_waited_for),
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
