/*
 * room_test.c - a pool with a bounded queue: who is refused, and who is told of room
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pool of one worker, which waits at the gate; so many calls are in the queue. */
struct busy {
    procspawn_pool *pool;
    struct pool_gate gate;
    procspawn_handle *running, *queued[4];
    int count;
    bool open;                          /* the gate */
};

static procspawn_pool *pool_with_limit(unsigned limit)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_pool_builder_queue_limit(builder, limit);
    return pool_build(builder);
}

static struct busy busy_make(unsigned limit, int count)
{
    struct busy busy = { .pool = pool_with_limit(limit), .count = count };

    pool_gate_make(&busy.gate);
    busy.running = pool_start(busy.pool, pool_forty_two, pool_gate_name(&busy.gate));
    pool_await_start(busy.running);
    for (int i = 0; i < count; i++)
        busy.queued[i] = pool_start(busy.pool, calls_echo, json_integer(i));
    return busy;
}

static void busy_open(struct busy *busy)
{
    if (!busy->open)
        pool_gate_open(&busy->gate);
    busy->open = true;
}

static void busy_end(struct busy *busy)
{
    busy_open(busy);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy->running), 42);
    for (int i = 0; i < busy->count; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(busy->queued[i]), i);
    PROCSPAWN_CUNIT_EQUAL(pool_number(busy->pool, calls_echo, json_integer(9)), 9);
    procspawn_pool_free(busy->pool);
    pool_gate_remove(&busy->gate);
}

static int room_fd(procspawn_pool *pool)
{
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_room_fd(pool, &fd), 0);
    return fd;
}

static bool is_readable(int fd, int64_t timeout)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    return poll(&polled, 1, (int)(timeout / CALLS_MS)) == 1 && polled.revents == POLLIN;
}

/* ---- refused ---- */

static void a_call_that_finds_the_queue_full_is_refused(void)
{
    struct busy busy = busy_make(2, 2);
    procspawn_handle *late = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(busy.pool, calls_echo, NULL, &late), -EAGAIN);
    CU_ASSERT_PTR_NULL(late);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(busy.pool), 2);
    busy_end(&busy);
}

static void the_error_of_a_refused_call_says_that_the_queue_is_full(void)
{
    struct busy busy = busy_make(1, 1);
    procspawn_error *error = NULL;
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(busy.pool, calls_echo, NULL, &result, &error),
                          -EAGAIN);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), -EAGAIN);
    CU_ASSERT(strstr(procspawn_error_message(error), "the queue of the pool is full") != NULL);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    busy_end(&busy);
}

static void a_call_that_is_taken_out_of_the_queue_leaves_room(void)
{
    struct busy busy = busy_make(1, 0);
    procspawn_handle *killed = pool_start(busy.pool, calls_echo, NULL), *late = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(busy.pool, calls_echo, NULL, &late), -EAGAIN);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(killed), 0);
    calls_check_error(calls_error(killed), PROCSPAWN_ERROR_CANCELLED, PROCSPAWN_CAUSE_NONE);
    late = pool_start(busy.pool, calls_echo, json_integer(5));
    busy_open(&busy);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(late), 5);
    busy_end(&busy);
}

static void a_pool_that_was_shut_down_says_so_and_not_that_it_is_full(void)
{
    struct busy busy = busy_make(1, 1);
    procspawn_handle *late = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(busy.pool, 0), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(busy.pool, calls_echo, NULL, &late),
                          PROCSPAWN_ESHUTDOWN);
    busy_open(&busy);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy.running), 42);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy.queued[0]), 0);
    procspawn_pool_free(busy.pool);
    pool_gate_remove(&busy.gate);
}

/* ---- the descriptor ---- */

static void the_descriptor_is_readable_while_there_is_room(void)
{
    struct busy busy = busy_make(2, 1);
    int fd = room_fd(busy.pool);

    CU_ASSERT(is_readable(fd, 0));
    procspawn_handle *last = pool_start(busy.pool, calls_echo, json_integer(7));
    CU_ASSERT(!is_readable(fd, 0));
    PROCSPAWN_CUNIT_EQUAL(room_fd(busy.pool), fd);
    busy_open(&busy);
    CU_ASSERT(is_readable(fd, 20 * CALLS_SECOND));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(last), 7);
    busy_end(&busy);
}

static void a_descriptor_that_is_asked_for_late_tells_of_the_full_queue(void)
{
    struct busy busy = busy_make(1, 1);

    CU_ASSERT(!is_readable(room_fd(busy.pool), 0));
    busy_end(&busy);
}

static void the_descriptor_is_readable_once_the_pool_takes_no_calls(void)
{
    struct busy busy = busy_make(1, 1);
    int fd = room_fd(busy.pool);

    CU_ASSERT(!is_readable(fd, 0));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(busy.pool, 0), -ETIMEDOUT);
    CU_ASSERT(is_readable(fd, 0));
    busy_open(&busy);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy.running), 42);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy.queued[0]), 0);
    procspawn_pool_free(busy.pool);
    pool_gate_remove(&busy.gate);
}

static void a_descriptor_that_the_program_has_closed_is_replaced(void)
{
    struct busy busy = busy_make(1, 1);

    close(room_fd(busy.pool));
    int fd = room_fd(busy.pool);
    CU_ASSERT(!is_readable(fd, 0));
    busy_open(&busy);
    CU_ASSERT(is_readable(fd, 20 * CALLS_SECOND));
    busy_end(&busy);
}

static void a_pool_without_a_limit_always_has_room(void)
{
    struct busy busy = busy_make(0, 4);

    CU_ASSERT(is_readable(room_fd(busy.pool), 0));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room_timeout(busy.pool, 0), 0);
    busy_end(&busy);
}

/* ---- the wait ---- */

static void *wait_for_room(void *pool)
{
    return (void *)(intptr_t)procspawn_pool_wait_room_timeout(pool, 20 * CALLS_SECOND);
}

static int start_waiting(procspawn_pool *pool, pthread_t *ret_thread)
{
    return pthread_create(ret_thread, NULL, wait_for_room, pool);
}

static int waited(pthread_t thread)
{
    void *rc;

    pthread_join(thread, &rc);
    return (int)(intptr_t)rc;
}

/* The call that leaves the queue waits as well, so the pool is not idle meanwhile. */
static void the_wait_ends_when_there_is_room(void)
{
    struct busy busy = busy_make(1, 0);
    struct pool_gate gate;
    pthread_t threads[2];

    pool_gate_make(&gate);
    procspawn_handle *next = pool_start(busy.pool, pool_forty_two, pool_gate_name(&gate));

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room_timeout(busy.pool, 0), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room_timeout(busy.pool, 10 * CALLS_MS), -ETIMEDOUT);
    for (int i = 0; i < 2; i++)
        PROCSPAWN_CUNIT_EQUAL(start_waiting(busy.pool, &threads[i]), 0);
    busy_open(&busy);
    for (int i = 0; i < 2; i++)
        PROCSPAWN_CUNIT_EQUAL(waited(threads[i]), 0);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(next), 42);
    pool_gate_remove(&gate);
    busy_end(&busy);
}

static void the_wait_ends_with_the_pool(void)
{
    struct busy busy = busy_make(1, 1);
    pthread_t thread;

    PROCSPAWN_CUNIT_EQUAL(start_waiting(busy.pool, &thread), 0);
    procspawn_pool_kill(busy.pool);
    PROCSPAWN_CUNIT_EQUAL(waited(thread), PROCSPAWN_ESHUTDOWN);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room_timeout(busy.pool, 0), PROCSPAWN_ESHUTDOWN);
    calls_check_error(calls_error(busy.queued[0]), PROCSPAWN_ERROR_CANCELLED,
                      PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(busy.running), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_KILLED);
    procspawn_pool_free(busy.pool);
    pool_gate_remove(&busy.gate);
}

static void a_copy_of_the_owner_has_no_room(void)
{
    struct busy busy = busy_make(1, 1);
    int fd = room_fd(busy.pool), status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        bool refused = procspawn_pool_wait_room(busy.pool) == PROCSPAWN_ENOTOWNER &&
                       procspawn_pool_room_fd(busy.pool, &fd) == PROCSPAWN_ENOTOWNER;
        procspawn_pool_free(busy.pool);
        _exit(refused ? 0 : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    CU_ASSERT(!is_readable(fd, 0));
    busy_end(&busy);
}

/* ---- many threads ---- */

enum { THREADS = 6, CALLS_EACH = 100 };

static bool await_room_by_waiting(procspawn_pool *pool)
{
    return procspawn_pool_wait_room_timeout(pool, 30 * CALLS_SECOND) == 0;
}

static bool await_room_by_polling(procspawn_pool *pool)
{
    int fd;

    return procspawn_pool_room_fd(pool, &fd) == 0 && is_readable(fd, 30 * CALLS_SECOND);
}

struct crowd {
    procspawn_pool *pool;
    bool (*await_room)(procspawn_pool *pool);
    int done;                           /* calls with the right result; atomic */
};

static bool call_until_taken(const struct crowd *crowd, json_t *number)
{
    procspawn_handle *handle = NULL;
    json_t *result = NULL;
    int rc;

    while ((rc = procspawn_pool_spawn(crowd->pool, calls_echo, number, &handle)) == -EAGAIN) {
        if (!crowd->await_room(crowd->pool))
            return false;
    }
    if (rc < 0)
        return false;
    bool right = procspawn_join(handle, &result, NULL) == 0 && json_equal(result, number);
    json_decref(result);
    procspawn_handle_free(handle);
    return right;
}

static void *call_often(void *data)
{
    struct crowd *crowd = data;

    for (int i = 0; i < CALLS_EACH; i++) {
        json_t *number = json_integer(i);
        if (call_until_taken(crowd, number))
            __atomic_add_fetch(&crowd->done, 1, __ATOMIC_RELAXED);
        json_decref(number);
    }
    return NULL;
}

/* If one change of the queue were not told, a thread would wait in vain. */
static void all_calls_of_a_crowd_are_made(bool (*await_room)(procspawn_pool *pool))
{
    struct crowd crowd = { .pool = pool_with_limit(1), .await_room = await_room };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, call_often, &crowd) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    PROCSPAWN_CUNIT_EQUAL(crowd.done, THREADS * CALLS_EACH);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(crowd.pool), 0);
    procspawn_pool_free(crowd.pool);
}

static void a_crowd_that_waits_for_room_makes_all_its_calls(void)
{
    all_calls_of_a_crowd_are_made(await_room_by_waiting);
}

static void a_crowd_that_polls_for_room_makes_all_its_calls(void)
{
    all_calls_of_a_crowd_are_made(await_room_by_polling);
}

/* ---- sets ---- */

static void add(procspawn_set *set, procspawn_pool *pool, json_int_t number)
{
    struct procspawn_call_options options = { .pool = pool, .take_argument = true };

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_echo, json_integer(number),
                                              NULL), 0);
}

static void check_next(procspawn_set *set, json_int_t number)
{
    struct procspawn_result result = { .status = -1 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 30 * CALLS_SECOND, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(result.status, 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), number);
    procspawn_result_fini(&result);
}

static void a_set_waits_for_room_and_completes_all_calls(void)
{
    enum { CALLS = 100 };
    procspawn_pool *pool = pool_with_limit(1);
    procspawn_set *set = NULL;

    CU_ASSERT_FATAL(procspawn_set_new(&set) == 0);
    for (int i = 0; i < CALLS; i++)
        add(set, pool, i);
    CU_ASSERT(procspawn_pool_queued_count(pool) <= 1);
    for (int i = 0; i < CALLS; i++)
        check_next(set, i);
    procspawn_set_free(set);
    procspawn_pool_free(pool);
}

/* Longer than a shortage may last in a set of which no call runs. */
static void calls_of_others_in_the_queue_do_not_fail_those_of_a_set(void)
{
    struct busy busy = busy_make(1, 1);
    struct procspawn_result result;
    procspawn_set *set = NULL;

    CU_ASSERT_FATAL(procspawn_set_new(&set) == 0);
    add(set, busy.pool, 8);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 3 * CALLS_SECOND / 2, &result),
                          -ETIMEDOUT);
    busy_open(&busy);
    check_next(set, 8);
    procspawn_set_free(set);
    busy_end(&busy);
}

#define TEST(name) { #name, name }

static CU_TestInfo refused[] = {
    TEST(a_call_that_finds_the_queue_full_is_refused),
    TEST(the_error_of_a_refused_call_says_that_the_queue_is_full),
    TEST(a_call_that_is_taken_out_of_the_queue_leaves_room),
    TEST(a_pool_that_was_shut_down_says_so_and_not_that_it_is_full),
    CU_TEST_INFO_NULL
};

static CU_TestInfo told[] = {
    TEST(the_descriptor_is_readable_while_there_is_room),
    TEST(a_descriptor_that_is_asked_for_late_tells_of_the_full_queue),
    TEST(the_descriptor_is_readable_once_the_pool_takes_no_calls),
    TEST(a_descriptor_that_the_program_has_closed_is_replaced),
    TEST(a_pool_without_a_limit_always_has_room),
    TEST(the_wait_ends_when_there_is_room),
    TEST(the_wait_ends_with_the_pool),
    TEST(a_copy_of_the_owner_has_no_room),
    CU_TEST_INFO_NULL
};

static CU_TestInfo crowds[] = {
    TEST(a_crowd_that_waits_for_room_makes_all_its_calls),
    TEST(a_crowd_that_polls_for_room_makes_all_its_calls),
    CU_TEST_INFO_NULL
};

static CU_TestInfo sets[] = {
    TEST(a_set_waits_for_room_and_completes_all_calls),
    TEST(calls_of_others_in_the_queue_do_not_fail_those_of_a_set),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("refused", refused),
    CALLS_SUITE("told of room", told),
    CALLS_SUITE("crowds", crowds),
    CALLS_SUITE("sets", sets),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
