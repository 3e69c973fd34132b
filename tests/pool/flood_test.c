/*
 * flood_test.c - workers that send without end, and callers that poll, delay no other call
 */
#include "tests/support/bad_workers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* ---- whose turn it is ---- */

static void a_flood_leaves_all_others_their_time(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *late = NULL;
    procspawn_handle *flood = pool_start(pool, bad_flood_with_strangers, json_integer(SENSELESS));
    int64_t start = calls_now();

    CU_ASSERT(procspawn_fd(flood) >= 0);
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(i)), i);
    procspawn_handle *other = pool_start(pool, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 100 * CALLS_MS, calls_echo, NULL,
                                                        &late), 0);
    calls_check_error(calls_error(late), PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(pool), 2);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(flood, 50 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(flood), 0);
    calls_check_error(calls_error(flood), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(other), 0);
    calls_check_error(calls_error(other), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    CU_ASSERT(calls_now() - start < 20 * CALLS_SECOND);
    procspawn_pool_free(pool);
}

static struct {
    procspawn_pool *pool;
    bool stop;
} polled;

static void *poll_for_ever(void *unused)
{
    while (!__atomic_load_n(&polled.stop, __ATOMIC_RELAXED)) {
        procspawn_pool_join_timeout(polled.pool, 0);
        procspawn_pool_join_timeout(polled.pool, 1000);
        procspawn_pool_active_count(polled.pool);
        procspawn_pool_queued_count(polled.pool);
        procspawn_pool_size(polled.pool);
    }
    return unused;
}

/* An idle pool, and one that has a call. */
static void those_who_poll_leave_others_their_turn(void)
{
    enum { POLLERS = 4 };
    pthread_t threads[POLLERS];

    for (int busy = 0; busy < 2; busy++) {
        polled.pool = pool_make(4);
        polled.stop = false;
        procspawn_handle *handle = busy ? pool_start(polled.pool, calls_hang, NULL) : NULL;
        for (int i = 0; i < POLLERS; i++)
            CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, poll_for_ever, NULL) == 0);
        int64_t start = calls_now();
        PROCSPAWN_CUNIT_EQUAL(pool_number(polled.pool, calls_echo, json_integer(1)), 1);
        if (handle)
            procspawn_kill(handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(polled.pool, 10 * CALLS_SECOND), 0);
        CU_ASSERT(calls_now() - start < 10 * CALLS_SECOND);
        __atomic_store_n(&polled.stop, true, __ATOMIC_RELAXED);
        for (int i = 0; i < POLLERS; i++)
            pthread_join(threads[i], NULL);
        procspawn_handle_free(handle);
        procspawn_pool_free(polled.pool);
    }
}

/* ---- many callers, some of them hostile ---- */

enum { CALLERS = 64, CALLS_EACH = 12 };

static json_t *misbehave(json_t *number)
{
    switch (json_integer_value(number) % 5) {
    case 0:
        return bad_say_for_ever(number);
    case 1:
        return bad_leave_a_stranger(number);
    case 2:
        return bad_flood_with_strangers(number);
    case 3:
        raise(SIGKILL);
        return NULL;
    default:
        close(raw_channel());
        return calls_hang(number);
    }
}

static bool call_one(procspawn_pool *pool, int64_t limit, procspawn_function *function,
                     json_int_t number)
{
    procspawn_handle *handle;
    json_t *result = NULL, *argument = json_integer(number);
    int rc = pool_spawn_limited(pool, limit, function, argument, &handle);

    json_decref(argument);
    if (rc < 0)
        return false;
    if (number % 5 == 0)
        procspawn_fd(handle);
    rc = procspawn_join_timeout(handle, 60 * CALLS_SECOND, &result, NULL);
    bool right = rc == 0 && json_is_integer(result) && json_integer_value(result) == number;
    json_decref(result);
    procspawn_handle_free(handle);
    return right;
}

static void *call_among_the_hostile(void *pool)
{
    static int number;
    intptr_t wrong = 0;

    for (int i = 0; i < CALLS_EACH; i++) {
        int n = __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED);
        if (i % 4 == 3)
            call_one(pool, 50 * CALLS_MS, misbehave, n);
        else
            wrong += !call_one(pool, 0, calls_echo, n);
    }
    return (void *)wrong;
}

static void many_callers_lose_nothing_to_the_hostile_among_them(void)
{
    procspawn_pool *pool = pool_make(4);
    pthread_t threads[CALLERS];

    for (int i = 0; i < CALLERS; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, call_among_the_hostile, pool) == 0);
    for (int i = 0; i < CALLERS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        PROCSPAWN_CUNIT_EQUAL((intptr_t)wrong, 0);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 20 * CALLS_SECOND), 0);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo turn_tests[] = {
    TEST(a_flood_leaves_all_others_their_time),
    TEST(those_who_poll_leave_others_their_turn),
    TEST(many_callers_lose_nothing_to_the_hostile_among_them),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("turns", turn_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
