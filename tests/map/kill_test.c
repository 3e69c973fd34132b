/*
 * kill_test.c - workers die and maps are cancelled at any moment: no item is lost, none is called
 * twice, and nothing goes on
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/map.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ITEMS = 3000 };

/* Shared with the children. */
static struct {
    int calls[ITEMS];           /* how often each item was begun */
    int begun;                  /* items in all */
    pid_t worker;               /* the one that has begun an item last */
} *world;

static void begin(void)
{
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(world, sizeof *world);
}

static int begun(void)
{
    return __atomic_load_n(&world->begun, __ATOMIC_ACQUIRE);
}

static void wait_for_begun(int count)
{
    while (begun() < count)
        sched_yield();
}

static json_t *touch(json_t *item)
{
    __atomic_add_fetch(&world->calls[json_integer_value(item)], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&world->worker, getpid(), __ATOMIC_RELAXED);
    __atomic_add_fetch(&world->begun, 1, __ATOMIC_RELEASE);
    for (volatile int i = 0; i < 2000; i++)
        ;
    return json_incref(item);
}

static json_t *touch_and_hang(json_t *item)
{
    touch(item);
    return calls_hang(item);
}

static json_t *abort_at_9(json_t *item)
{
    if (json_integer_value(item) == 9)
        abort();
    return json_incref(item);
}

struct job {
    size_t made, sunk, failed;
    bool wrong;
};

static int make_number(json_t **ret_item, void *argument)
{
    struct job *job = argument;

    if (job->made == ITEMS)
        return -ENODATA;
    *ret_item = json_integer((json_int_t)job->made++);
    return 0;
}

static int count_result(size_t index, struct procspawn_result *result, void *argument)
{
    struct job *job = argument;

    job->wrong |= index != job->sunk;
    job->wrong |= result->value && json_integer_value(result->value) != (json_int_t)index;
    job->failed += result->status < 0;
    job->sunk++;
    return 0;
}

/* Kills the worker that has begun an item last, each time some more have been begun. */
static void *kill_workers(void *argument)
{
    unsigned seed = 1;
    int kills = 0;

    while (!__atomic_load_n((bool *)argument, __ATOMIC_ACQUIRE)) {
        int target = begun() + 20 + rand_r(&seed) % 100;
        while (begun() < target && !__atomic_load_n((bool *)argument, __ATOMIC_ACQUIRE))
            sched_yield();
        pid_t worker = __atomic_exchange_n(&world->worker, 0, __ATOMIC_RELAXED);
        if (worker > 0)
            kills += kill(worker, SIGKILL) == 0;
    }
    return (void *)(intptr_t)kills;
}

static void check_random_kills(size_t chunk)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .chunk = chunk };
    struct job job = { 0 };
    bool over = false;
    pthread_t killer;
    void *kills;
    int twice = 0;

    pthread_create(&killer, NULL, kill_workers, &over);
    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(&options, touch, make_number, count_result, &job,
                                             NULL), 0);
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    pthread_join(killer, &kills);
    for (int i = 0; i < ITEMS; i++)
        twice += world->calls[i] > 1;
    PROCSPAWN_CUNIT_EQUAL(twice, 0);
    PROCSPAWN_CUNIT_EQUAL((int)job.sunk, ITEMS);
    CU_ASSERT(!job.wrong);
    CU_ASSERT((intptr_t)kills > 0);
    CU_ASSERT((intptr_t)job.failed <= (intptr_t)kills);
    procspawn_pool_free(pool);
}

static void workers_that_are_killed_lose_no_item_and_repeat_none(void)
{
    check_random_kills(0);
}

static void in_long_chunks_they_lose_none_either(void)
{
    check_random_kills(500);
}

/* ---- cancelled maps ---- */

struct mapper {
    procspawn_pool *pool;
    int rc;
    procspawn_error *error;
    struct job job;
};

static void run_map(struct mapper *mapper, const scoped_spawner *scope)
{
    const struct procspawn_map_options options = { .pool = mapper->pool, .chunk = 10,
                                                   .scope = scope };

    mapper->rc = procspawn_map_each(&options, touch_and_hang, make_number, count_result,
                                    &mapper->job, &mapper->error);
}

static int map_in_task(scoped_spawner self, void *mapper)
{
    (void)self;
    run_map(mapper, NULL);
    return 0;
}

/* No worker is at an item any more, and the pool goes on. */
static void check_rest(struct mapper *mapper)
{
    int count = begun();

    PROCSPAWN_CUNIT_EQUAL((int)procspawn_pool_active_count(mapper->pool), 0);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_pool_queued_count(mapper->pool), 0);
    PROCSPAWN_CUNIT_EQUAL((int)mapper->job.sunk, 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(mapper->pool, calls_echo, json_integer(5)), 5);
    PROCSPAWN_CUNIT_EQUAL(begun(), count);
    procspawn_pool_free(mapper->pool);
}

static void check_cancel(struct mapper *mapper, const struct scoped_options *options)
{
    scoped_spawner root, scope;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, options, &scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(scope, map_in_task, mapper, NULL), 0);
    wait_for_begun(1);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    check_rest(mapper);
}

static void check_cancelled(struct mapper *mapper)
{
    PROCSPAWN_CUNIT_EQUAL(mapper->rc, -ECANCELED);
    CU_ASSERT_FATAL(mapper->error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(mapper->error), -ECANCELED);
    procspawn_error_free(mapper->error);
}

static void a_cancelled_task_leaves_nothing_of_its_map(void)
{
    struct mapper mapper = { .pool = pool_make(2) };

    check_cancel(&mapper, NULL);
    PROCSPAWN_CUNIT_EQUAL(mapper.rc, 0);
}

static void where_a_return_value_tells_a_cancel_the_map_returns_it(void)
{
    const struct scoped_options asked = { .grace = 20 * CALLS_SECOND };
    struct mapper mapper = { .pool = pool_make(2) };

    check_cancel(&mapper, &asked);
    check_cancelled(&mapper);
}

static void a_map_ends_when_its_scope_is_cancelled(void)
{
    const struct scoped_options options = { .time_limit = CALLS_SECOND / 5 };
    struct mapper mapper = { .pool = pool_make(2) };
    scoped_spawner root, scope;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, &options, &scope), 0);
    run_map(&mapper, &scope);
    check_cancelled(&mapper);
    CU_ASSERT(begun() > 0);
    scoped_cancel_close(scope, SCOPED_FOREVER, NULL);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(root, SCOPED_FOREVER, NULL), 0);
    check_rest(&mapper);
}

/* The scope of a map can be closed when the map has ended, and knows nothing of failed items. */
static void a_scope_is_not_changed_by_a_map(void)
{
    struct mapper mapper = { .pool = pool_make(2) };
    const struct procspawn_map_options options = { .pool = mapper.pool };
    scoped_spawner root, scope;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, NULL, &scope), 0);
    struct procspawn_map_options in_scope = options;
    in_scope.scope = &scope;
    PROCSPAWN_CUNIT_EQUAL(procspawn_map_each(&in_scope, abort_at_9, make_number, count_result,
                                             &mapper.job, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)mapper.job.sunk, ITEMS);
    PROCSPAWN_CUNIT_EQUAL((int)mapper.job.failed, 1);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(scope, SCOPED_FOREVER, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(root, SCOPED_FOREVER, NULL), 0);
    procspawn_pool_free(mapper.pool);
}

/* ---- cancelled in the program's own functions ---- */

static int wait_in_sink(size_t index, struct procspawn_result *result, void *argument)
{
    (void)index, (void)result, (void)argument;
    __atomic_store_n(&world->begun, ITEMS, __ATOMIC_RELEASE);
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int map_to_waiting_sink(scoped_spawner self, void *argument)
{
    struct mapper *mapper = argument;
    const struct procspawn_map_options options = { .pool = mapper->pool };

    (void)self;
    return procspawn_map_each(&options, calls_echo, make_number, wait_in_sink, &mapper->job, NULL);
}

static void a_task_that_is_cancelled_in_the_sink_leaves_nothing(void)
{
    struct mapper mapper = { .pool = pool_make(2) };
    scoped_spawner root;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(root, map_to_waiting_sink, &mapper, NULL), 0);
    wait_for_begun(ITEMS);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    check_rest(&mapper);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(workers_that_are_killed_lose_no_item_and_repeat_none),
    TEST(in_long_chunks_they_lose_none_either),
    TEST(a_cancelled_task_leaves_nothing_of_its_map),
    TEST(where_a_return_value_tells_a_cancel_the_map_returns_it),
    TEST(a_map_ends_when_its_scope_is_cancelled),
    TEST(a_scope_is_not_changed_by_a_map),
    TEST(a_task_that_is_cancelled_in_the_sink_leaves_nothing),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "kills", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
