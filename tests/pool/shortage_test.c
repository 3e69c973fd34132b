/*
 * shortage_test.c - a lack of resources in the program ends no worker of a pool and loses no call
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <forkscope/output.h>
#include <forkscope/value.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH = 100000 };

/* Too long for a frame: it comes with a descriptor. */
static json_t *give_long_text(json_t *argument)
{
    static char text[LENGTH];

    (void)argument;
    memset(text, 'x', sizeof text);
    return json_stringn_nocheck(text, sizeof text);
}

static json_t *give_long_text_when_told(json_t *word)
{
    char byte;
    int fd;

    if (procspawn_value_claim_fd(word, &fd) < 0 || read(fd, &byte, 1) != 1)
        return NULL;
    return give_long_text(NULL);
}

static json_t *give_long_text_later(json_t *path)
{
    json_decref(pool_wait_at_gate(path));
    return give_long_text(NULL);
}

static void check_long_text(procspawn_handle *handle)
{
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)json_string_length(result), LENGTH);
    json_decref(result);
    procspawn_handle_free(handle);
}

/* Without patience nothing is found while the pool's own thread is just trying to receive it. */
static int look_for_result(procspawn_handle *handle, json_t **ret_result,
                           procspawn_error **ret_error)
{
    int rc;

    while ((rc = procspawn_join_timeout(handle, 0, ret_result, ret_error)) == -ETIMEDOUT)
        sched_yield();
    return rc;
}

static void a_result_without_room_stays_with_its_worker(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_error *error = NULL;
    json_t *result = NULL;
    struct room room;
    int word[2];

    CU_ASSERT_FATAL(pipe(word) == 0);
    json_int_t pid = pool_number(pool, calls_pid, NULL);
    procspawn_handle *handle =
        pool_start(pool, give_long_text_when_told, procspawn_value_fd(word[0]));
    room_fill(&room);
    CU_ASSERT(write(word[1], "", 1) == 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, &error), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, &error), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(look_for_result(handle, &result, &error), -EMFILE);
    CU_ASSERT(!result && !error);
    room_end(&room);
    check_long_text(handle);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
    procspawn_pool_free(pool);
    close(word[0]);
    close(word[1]);
}

struct waiting {
    procspawn_pool *pool;
    int rc;
};

static void *wait_for_pool(void *data)
{
    struct waiting *waiting = data;

    waiting->rc = procspawn_pool_join(waiting->pool);
    return NULL;
}

/* The dispatcher tries again: no other thread asks for these results. */
static void results_that_are_not_joined_yet_are_taken_when_there_is_room(void)
{
    enum { CALLS = 4 };
    struct waiting waiting = { .pool = pool_make(2) };
    procspawn_handle *handles[CALLS];
    struct pool_gate gate;
    struct room room;
    pthread_t thread;

    pool_gate_make(&gate);
    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(waiting.pool, give_long_text_later, pool_gate_name(&gate));
    CU_ASSERT(procspawn_fd(handles[1]) >= 0);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, wait_for_pool, &waiting) == 0);
    while (procspawn_pool_queued_count(waiting.pool) != CALLS - 2)
        poll(NULL, 0, 1);
    pool_gate_open(&gate);
    room_fill(&room);
    poll(NULL, 0, 100);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(waiting.pool), 2);
    room_end(&room);
    pthread_join(thread, NULL);
    PROCSPAWN_CUNIT_EQUAL(waiting.rc, 0);
    for (int i = 0; i < CALLS; i++)
        check_long_text(handles[i]);
    procspawn_pool_free(waiting.pool);
    pool_gate_remove(&gate);
}

static void a_call_that_waits_says_so_without_a_descriptor(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;
    struct room room;

    pool_gate_make(&gate);
    procspawn_handle *running = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(4));
    pool_await_start(running);
    room_fill(&room);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(queued, NULL, NULL), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 0), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, CALLS_SECOND), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, CALLS_SECOND), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fd(queued), -1);
    room_end(&room);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 4);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(running), 42);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* ---- workers ---- */

static void use_no_spares(void)
{
    procspawn_config *config = procspawn_config_new();

    calls_end();
    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

static procspawn_pool *make_empty(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);

    procspawn_pool_builder_minimum(builder, 0, CALLS_SECOND);
    procspawn_pool_builder_attempts(builder, 1);
    return pool_build(builder);
}

static void no_room_for_a_worker_is_no_failed_start(void)
{
    use_no_spares();
    procspawn_pool *pool = make_empty();
    procspawn_handle *late = NULL;
    procspawn_error *error = NULL;
    struct room room;

    room_fill(&room);
    procspawn_handle *patient = pool_start(pool, calls_echo, json_integer(5));
    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 300 * CALLS_MS, calls_echo, NULL,
                                                        &late), 0);
    while (procspawn_join_timeout(late, 0, NULL, &error) == -ETIMEDOUT)
        poll(NULL, 0, 5);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EMFILE);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &error), -ENODATA);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(patient), 5);
    procspawn_handle_free(late);
    procspawn_pool_free(pool);
}

static void a_worker_that_dies_in_a_shortage_is_replaced_after_it(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    struct calls_tree worker = { .count = 0 };
    struct room room;

    use_no_spares();
    procspawn_pool_builder_attempts(builder, 1);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL);
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(6));
    calls_tree_add(&worker, pool_await_start(running));
    room_fill(&room);
    room_make(&room, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(running), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&worker, 20 * CALLS_SECOND), 0);
    room_end(&room);
    calls_tree_close(&worker);
    calls_check_error(calls_error(running), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 6);
    procspawn_pool_free(pool);
}

/* The pipes for its output cannot be made. Its worker is idle for longer than its limit. */
static void a_call_that_cannot_be_sent_keeps_a_worker(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    struct room room;

    procspawn_pool_builder_minimum(builder, 0, CALLS_SECOND / 5);
    procspawn_builder_capture(procspawn_pool_builder_process(builder), 1000, false);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(pool_start(pool, calls_echo, json_integer(1))), 1);
    room_fill(&room);
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(2));
    int64_t until = calls_now() + CALLS_SECOND;
    while (procspawn_pool_size(pool) > 0 && calls_now() < until)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 1);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 2);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo call_tests[] = {
    TEST(a_result_without_room_stays_with_its_worker),
    TEST(results_that_are_not_joined_yet_are_taken_when_there_is_room),
    TEST(a_call_that_waits_says_so_without_a_descriptor),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo worker_tests[] = {
    TEST(no_room_for_a_worker_is_no_failed_start),
    TEST(a_worker_that_dies_in_a_shortage_is_replaced_after_it),
    TEST(a_call_that_cannot_be_sent_keeps_a_worker),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("calls", call_tests),
    CALLS_SUITE("workers", worker_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
