/*
 * loss_test.c - workers whose end their channel does not report: a pool is gone when they are, and
 * not before
 */
#include "tests/support/closed.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call that has begun, and cannot be made again with what came with it. */
static json_t *be_busy(json_t *told)
{
    int fd;

    if (procspawn_value_claim_fd(told, &fd) == 0 && write(fd, "", 1) != 1)
        return NULL;
    for (volatile unsigned i = 0;; i++)
        continue;
}

enum { WORKERS = 8 };

/* A pool whose workers are all busy, in a scope if there is one. */
struct busy {
    procspawn_pool *pool;
    procspawn_handle *handles[WORKERS];
    pid_t pids[WORKERS];
};

static void open_busy(struct busy *busy, const scoped_spawner *spawner)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(WORKERS);
    int word[2];
    char byte;

    int rc = spawner ? scoped_procspawn_pool(*spawner, builder, &busy->pool)
                     : procspawn_pool_builder_build(builder, &busy->pool);
    CU_ASSERT_FATAL(rc == 0);
    procspawn_pool_builder_free(builder);
    CU_ASSERT_FATAL(pipe(word) == 0);
    for (int i = 0; i < WORKERS; i++)
        busy->handles[i] = pool_start(busy->pool, be_busy, procspawn_value_fd(word[1]));
    for (int i = 0; i < WORKERS; i++)
        CU_ASSERT(read(word[0], &byte, 1) == 1);
    for (int i = 0; i < WORKERS; i++)
        busy->pids[i] = procspawn_pid(busy->handles[i]);
    close(word[0]);
    close(word[1]);
}

static void check_gone(const struct busy *busy)
{
    int left = 0;

    for (int i = 0; i < WORKERS; i++)
        left += kill(busy->pids[i], 0) == 0 || errno != ESRCH;
    PROCSPAWN_CUNIT_EQUAL(left, 0);
}

static void check_lost(const struct busy *busy)
{
    for (int i = 0; i < WORKERS; i++) {
        procspawn_error *error = calls_error(busy->handles[i]);
        CU_ASSERT(procspawn_error_kind(error) == PROCSPAWN_ERROR_SERVER_LOST ||
                  procspawn_error_is_remote_close(error));
        procspawn_error_free(error);
    }
}

/* ---- servers that die ---- */

enum { ROUNDS = 5 };

static void a_freed_pool_has_left_nothing_of_lost_servers(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct busy busy;
        open_busy(&busy, NULL);
        calls_signal_servers(SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(busy.pool, 20 * CALLS_SECOND), 0);
        check_gone(&busy);
        check_lost(&busy);
    }
}

static void a_pool_that_is_shut_down_has_left_nothing_of_lost_servers(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct busy busy;
        open_busy(&busy, NULL);
        calls_signal_servers(SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(busy.pool, 20 * CALLS_SECOND), 0);
        check_gone(&busy);
        check_lost(&busy);
        procspawn_pool_free(busy.pool);
    }
}

static void a_scope_ends_after_the_workers_of_lost_servers(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        scoped_spawner root;
        struct busy busy;
        CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
        open_busy(&busy, &root);
        calls_signal_servers(SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(20 * CALLS_SECOND)), 0);
        check_gone(&busy);
        check_lost(&busy);
        procspawn_pool_free(busy.pool);
    }
}

/* Its calls go on with other servers meanwhile. */
static void a_pool_goes_on_without_its_lost_workers(void)
{
    struct busy busy;

    open_busy(&busy, NULL);
    calls_signal_servers(SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(pool_number(busy.pool, calls_echo, json_integer(3)), 3);
    check_lost(&busy);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(busy.pool), WORKERS);
    procspawn_pool_free(busy.pool);
    check_gone(&busy);
}

/* ---- channels that say nothing ---- */

static json_t *shut_down(json_t *how)
{
    shutdown(raw_channel(), (int)json_integer_value(how));
    return be_busy(NULL);
}

static void a_worker_that_shuts_its_channel_is_ended(void)
{
    static const int ways[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

    for (int i = 0; i < 3; i++) {
        procspawn_pool *pool = pool_make(1);
        pid_t pid = (pid_t)pool_number(pool, calls_pid, NULL);
        procspawn_handle *bad = NULL;
        json_t *how = json_integer(ways[i]);
        PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, CALLS_SECOND, shut_down, how,
                                                            &bad), 0);
        procspawn_error_free(calls_error(bad));
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_SECOND), 0);
        CU_ASSERT(kill(pid, 0) < 0 && errno == ESRCH);
        json_decref(how);
    }
}

static json_t *give_channel(json_t *argument)
{
    (void)argument;
    return procspawn_value_fd(raw_channel());
}

static int take_channel(procspawn_pool *pool)
{
    procspawn_handle *handle = pool_start(pool, give_channel, NULL);
    json_t *result = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(result, &fd), 0);
    json_decref(result);
    procspawn_handle_free(handle);
    return fd;
}

/* A process that is none of the worker's, so that it does not end with it. */
static pid_t flood(int channel)
{
    static const struct wire_header broken = { .type = WIRE_RESULT, .length = 77 };
    pid_t pid = fork();

    while (pid == 0) {
        if (send(channel, &broken, sizeof broken, MSG_NOSIGNAL) < 0 && errno == EPIPE)
            _exit(0);
    }
    return pid;
}

static void a_channel_that_strangers_fill_hides_no_end(void)
{
    enum { STRANGERS = 4 };
    procspawn_pool *pool = pool_make(1);
    int channel = take_channel(pool), word[2];
    pid_t strangers[STRANGERS];
    char byte;

    CU_ASSERT_FATAL(channel >= 0 && pipe(word) == 0);
    procspawn_handle *handle = pool_start(pool, be_busy, procspawn_value_fd(word[1]));
    CU_ASSERT(read(word[0], &byte, 1) == 1);
    for (int i = 0; i < STRANGERS; i++)
        strangers[i] = flood(channel);
    close(channel);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 50 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    kill(procspawn_pid(handle), SIGKILL);
    procspawn_error *error = calls_error(handle);
    CU_ASSERT(procspawn_error_is_remote_close(error));
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_SECOND), 0);
    for (int i = 0; i < STRANGERS; i++) {
        kill(strangers[i], SIGKILL);
        waitpid(strangers[i], NULL, 0);
    }
    close(word[0]);
    close(word[1]);
}

#define TEST(name) { #name, name }

static CU_TestInfo server_tests[] = {
    TEST(a_freed_pool_has_left_nothing_of_lost_servers),
    TEST(a_pool_that_is_shut_down_has_left_nothing_of_lost_servers),
    TEST(a_scope_ends_after_the_workers_of_lost_servers),
    TEST(a_pool_goes_on_without_its_lost_workers),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo channel_tests[] = {
    TEST(a_worker_that_shuts_its_channel_is_ended),
    TEST(a_channel_that_strangers_fill_hides_no_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("servers", server_tests),
    CALLS_SUITE("channels", channel_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
