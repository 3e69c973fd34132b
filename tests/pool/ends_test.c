/*
 * ends_test.c - several ends requested for one call of a pool: a stronger one is not lost after a
 * weaker one
 */
#include "tests/support/closed.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Tells that it has begun, then sits through whatever it is asked. */
static json_t *be_stubborn(json_t *told)
{
    int fd;

    signal(SIGTERM, SIG_IGN);
    if (procspawn_value_claim_fd(told, &fd) < 0 || write(fd, "", 1) != 1)
        return NULL;
    return calls_hang(NULL);
}

struct stubborn {
    procspawn_pool *pool;
    procspawn_handle *handle;
    pid_t pid;
};

static procspawn_handle *start_stubborn(procspawn_pool *pool, int64_t limit)
{
    procspawn_handle *handle = NULL;
    int word[2];
    char byte;

    CU_ASSERT_FATAL(pipe(word) == 0);
    json_t *told = procspawn_value_fd(word[1]);
    PROCSPAWN_CUNIT_EQUAL(
        pool_spawn_limited(pool, limit, be_stubborn, told, &handle), 0);
    CU_ASSERT_FATAL(handle != NULL && read(word[0], &byte, 1) == 1);
    json_decref(told);
    close(word[0]);
    close(word[1]);
    return handle;
}

/* Asked to end, with a grace that no test waits for. */
static struct stubborn begin_stubborn(int64_t grace)
{
    struct stubborn stubborn = { .pool = pool_make(1) };

    stubborn.handle = start_stubborn(stubborn.pool, 0);
    stubborn.pid = procspawn_pid(stubborn.handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(stubborn.handle, SIGTERM, grace), 0);
    return stubborn;
}

static procspawn_error *error_in_time(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
    return error;
}

static void check_killed(const struct stubborn *stubborn)
{
    calls_check_error(error_in_time(stubborn->handle), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_KILLED);
    CU_ASSERT(pool_await_death(stubborn->pid));
}

static void a_kill_ends_the_grace_of_a_terminate(void)
{
    static const int64_t graces[] = { 600 * CALLS_SECOND, INT64_MAX };

    for (int i = 0; i < 2; i++) {
        struct stubborn stubborn = begin_stubborn(graces[i]);
        PROCSPAWN_CUNIT_EQUAL(procspawn_kill(stubborn.handle), 0);
        check_killed(&stubborn);
        PROCSPAWN_CUNIT_EQUAL(pool_number(stubborn.pool, pool_count, NULL), 1);
        procspawn_pool_free(stubborn.pool);
    }
}

static void a_shorter_grace_follows_a_longer_one(void)
{
    struct stubborn stubborn = begin_stubborn(600 * CALLS_SECOND);

    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(stubborn.handle, SIGTERM, 50 * CALLS_MS), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(stubborn.handle, SIGTERM, 600 * CALLS_SECOND), 0);
    check_killed(&stubborn);
    procspawn_pool_free(stubborn.pool);
}

static void every_signal_of_a_terminate_arrives(void)
{
    struct stubborn stubborn = begin_stubborn(600 * CALLS_SECOND);

    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(stubborn.handle, SIGUSR1, 600 * CALLS_SECOND), 0);
    procspawn_error *error = error_in_time(stubborn.handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGUSR1);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    procspawn_pool_free(stubborn.pool);
}

static void the_end_of_the_pool_ends_the_grace_of_a_terminate(void)
{
    struct stubborn stubborn = begin_stubborn(600 * CALLS_SECOND);

    procspawn_pool_kill(stubborn.pool);
    check_killed(&stubborn);
    procspawn_pool_free(stubborn.pool);
    stubborn = begin_stubborn(INT64_MAX);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(stubborn.pool, 20 * CALLS_SECOND), 0);
    check_killed(&stubborn);
}

static void the_end_of_the_scope_ends_the_grace_of_a_terminate(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    struct stubborn stubborn = { .pool = NULL };
    scoped_spawner root;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn_pool(root, builder, &stubborn.pool) == 0);
    procspawn_pool_builder_free(builder);
    stubborn.handle = start_stubborn(stubborn.pool, 0);
    stubborn.pid = procspawn_pid(stubborn.handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(stubborn.handle, SIGTERM, INT64_MAX), 0);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(20 * CALLS_SECOND)), 0);
    check_killed(&stubborn);
    procspawn_pool_free(stubborn.pool);
}

/* The cause is that of the first end. */
static void a_deadline_ends_the_grace_of_a_terminate(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = start_stubborn(pool, CALLS_SECOND / 2);

    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, INT64_MAX), 0);
    calls_check_error(error_in_time(handle), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

/* ---- answers within the grace ---- */

static json_t *tidy_up(json_t *told)
{
    int fd, end;

    if (procspawn_end_fd(&end) < 0 || procspawn_value_claim_fd(told, &fd) < 0 || write(fd, "", 1) != 1)
        return NULL;
    poll(&(struct pollfd){ .fd = end, .events = POLLIN }, 1, -1);
    return json_string("tidy");
}

static void an_answer_within_the_grace_frees_its_worker(void)
{
    procspawn_pool *pool = pool_make(1);
    json_t *result = NULL;
    int word[2];
    char byte;

    CU_ASSERT_FATAL(pipe(word) == 0);
    procspawn_handle *handle = pool_start(pool, tidy_up, procspawn_value_fd(word[1]));
    CU_ASSERT(read(word[0], &byte, 1) == 1);
    pid_t pid = procspawn_pid(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, INT64_MAX), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    calls_check_text(result, "tidy");
    procspawn_handle_free(handle);
    CU_ASSERT(pool_await_death(pid));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 20 * CALLS_SECOND), 0);
    procspawn_pool_free(pool);
    close(word[0]);
    close(word[1]);
}

/* ---- servers that are told nothing ---- */

static void stop_servers(void)
{
    calls_stop_servers();
}

static void continue_servers(void)
{
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
}

/* More than the link of a server holds: nothing waits for room in it, and nothing is lost. */
static void a_server_that_takes_nothing_holds_up_no_end(void)
{
    enum { MORE_THAN_FIT = 2000 };
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *first = start_stubborn(pool, 0), *second = start_stubborn(pool, 0);

    stop_servers();
    int64_t start = calls_now();
    for (int i = 0; i < MORE_THAN_FIT; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(i % 2 ? first : second, SIGTERM,
                                                  600 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(first), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(pool), 2);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, CALLS_SECOND / 2), -ETIMEDOUT);
    CU_ASSERT(calls_now() - start < 8 * CALLS_SECOND);
    continue_servers();
    calls_check_error(error_in_time(first), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_KILLED);
    calls_check_error(error_in_time(second), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_SECOND), 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo end_tests[] = {
    TEST(a_kill_ends_the_grace_of_a_terminate),
    TEST(a_shorter_grace_follows_a_longer_one),
    TEST(every_signal_of_a_terminate_arrives),
    TEST(the_end_of_the_pool_ends_the_grace_of_a_terminate),
    TEST(the_end_of_the_scope_ends_the_grace_of_a_terminate),
    TEST(a_deadline_ends_the_grace_of_a_terminate),
    TEST(an_answer_within_the_grace_frees_its_worker),
    TEST(a_server_that_takes_nothing_holds_up_no_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("ends", end_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
