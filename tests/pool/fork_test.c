/*
 * fork_test.c - a pool on both sides of fork(2): it stays its owner's, and the copy gets an error
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is shared by both sides when the program forks. */
struct shared {
    procspawn_pool *pool;
    procspawn_handle *ended, *running, *queued;
    struct pool_gate gate;
};

static struct shared open_shared(void)
{
    struct shared shared = { .pool = pool_make(1) };

    pool_gate_make(&shared.gate);
    shared.ended = pool_start(shared.pool, calls_echo, json_integer(1));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(shared.pool), 0);
    shared.running = pool_start(shared.pool, pool_forty_two, pool_gate_name(&shared.gate));
    shared.queued = pool_start(shared.pool, calls_echo, json_integer(3));
    pool_await_start(shared.running);
    return shared;
}

static void close_shared(struct shared *shared)
{
    pool_gate_open(&shared->gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(shared->queued), 3);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(shared->running), 42);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(shared->ended), 1);
    PROCSPAWN_CUNIT_EQUAL(pool_number(shared->pool, calls_echo, json_integer(4)), 4);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(shared->pool), 0);
    procspawn_pool_free(shared->pool);
    pool_gate_remove(&shared->gate);
}

/* Runs in a copy of the program; returns what it returned, or -1 when it did not come to an end. */
static int in_a_copy(int (*act)(struct shared *), struct shared *shared)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(20);
        _exit(act(shared));
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Each returns the number of the first thing that was wrong, or 0. */
#define CHECK(condition) \
    do { \
        if (!(condition)) \
            return __LINE__ % 250 + 1; \
    } while (0)

static int ask_everything(struct shared *s)
{
    procspawn_handle *handles[] = { s->ended, s->running, s->queued };
    procspawn_handle *new_handle = NULL;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    for (int i = 0; i < 3; i++) {
        CHECK(procspawn_join(handles[i], &result, &error) == PROCSPAWN_ENOTOWNER);
        CHECK(procspawn_join_timeout(handles[i], 0, &result, &error) == PROCSPAWN_ENOTOWNER);
        CHECK(procspawn_wait_timeout(handles[i], -1, NULL) == PROCSPAWN_ENOTOWNER);
        CHECK(procspawn_kill(handles[i]) == PROCSPAWN_ENOTOWNER);
        CHECK(procspawn_terminate(handles[i], SIGTERM, 0) == PROCSPAWN_ENOTOWNER);
        CHECK(procspawn_pid(handles[i]) == 0);
        CHECK(procspawn_fd(handles[i]) == -1);
    }
    CHECK(procspawn_pool_spawn(s->pool, calls_echo, NULL, &new_handle) == PROCSPAWN_ENOTINIT);
    CHECK(pool_spawn_limited(s->pool, 1, calls_echo, NULL, &new_handle) ==
          PROCSPAWN_ENOTINIT);
    CHECK(procspawn_pool_size(s->pool) == 0);
    CHECK(procspawn_pool_queued_count(s->pool) == 0);
    CHECK(procspawn_pool_active_count(s->pool) == 0);
    CHECK(procspawn_pool_join(s->pool) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_pool_join_timeout(s->pool, 0) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_pool_shutdown(s->pool) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_pool_shutdown_timeout(s->pool, 0) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_pool_failure(s->pool, &error) == PROCSPAWN_ENOTOWNER);
    procspawn_pool_kill(s->pool);
    CHECK(!result && !error && !new_handle);
    return 0;
}

static int free_everything(struct shared *s)
{
    unsigned before = calls_descriptors();

    procspawn_handle_free(s->running);
    procspawn_handle_free(s->ended);
    procspawn_pool_free(s->pool);
    procspawn_handle_free(s->queued);
    CHECK(calls_descriptors() == before);
    return 0;
}

static int free_the_pool_last(struct shared *s)
{
    procspawn_handle_free(s->queued);
    procspawn_handle_free(s->running);
    procspawn_handle_free(s->ended);
    CHECK(procspawn_pool_free_timeout(s->pool, 0) == 0);
    return 0;
}

/* Its own library beside the inherited pool. */
static int __attribute__((unused)) begin_anew(struct shared *s)
{
    procspawn_handle *handle = NULL;
    procspawn_pool *pool = NULL;
    json_t *result = NULL;

    CHECK(procspawn_init(0, NULL) == 0);
    CHECK(procspawn_pool_spawn(s->pool, calls_echo, NULL, &handle) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_pool_new(1, &pool) == 0);
    json_t *argument = json_integer(7);
    CHECK(procspawn_pool_spawn(pool, calls_echo, argument, &handle) == 0);
    CHECK(procspawn_join(handle, &result, NULL) == 0 && json_integer_value(result) == 7);
    procspawn_handle_free(handle);
    procspawn_pool_free(s->pool);
    CHECK(procspawn_pool_shutdown(pool) == 0);
    procspawn_pool_free(pool);
    CHECK(procspawn_fini() == 0);
    return 0;
}

static void a_copy_is_told_that_the_pool_is_not_its_own(void)
{
    struct shared shared = open_shared();

    PROCSPAWN_CUNIT_EQUAL(in_a_copy(ask_everything, &shared), 0);
    close_shared(&shared);
}

static void a_copy_frees_its_memory_and_harms_nothing(void)
{
    struct shared shared = open_shared();

    PROCSPAWN_CUNIT_EQUAL(in_a_copy(free_everything, &shared), 0);
    PROCSPAWN_CUNIT_EQUAL(in_a_copy(free_the_pool_last, &shared), 0);
    close_shared(&shared);
}

static void __attribute__((unused)) a_copy_can_have_pools_of_its_own(void)
{
    struct shared shared = open_shared();

    PROCSPAWN_CUNIT_EQUAL(in_a_copy(begin_anew, &shared), 0);
    close_shared(&shared);
}

/* ---- copies made at any moment ---- */

static struct {
    struct shared shared;
    bool stop;
    unsigned wrong;
} busy;

static void *keep_busy(void *unused)
{
    while (!__atomic_load_n(&busy.stop, __ATOMIC_RELAXED)) {
        procspawn_handle *handle = NULL;
        json_t *result = NULL, *argument = json_integer(5);
        procspawn_pool_spawn(busy.shared.pool, calls_echo, argument, &handle);
        if (procspawn_join(handle, &result, NULL) < 0 || json_integer_value(result) != 5)
            __atomic_add_fetch(&busy.wrong, 1, __ATOMIC_RELAXED);
        procspawn_pool_active_count(busy.shared.pool);
        procspawn_handle_free(handle);
        json_decref(argument);
        json_decref(result);
    }
    return unused;
}

static int ask_and_free(struct shared *s)
{
    CHECK(procspawn_pool_join(s->pool) == PROCSPAWN_ENOTOWNER);
    CHECK(procspawn_join(s->ended, NULL, NULL) == PROCSPAWN_ENOTOWNER);
    procspawn_pool_kill(s->pool);
    procspawn_handle_free(s->ended);
    procspawn_pool_free(s->pool);
    return 0;
}

/* Whatever lock a thread of the owner holds just then, the copy does not wait for it. */
static void copies_of_a_busy_program_do_not_hang(void)
{
    enum { THREADS = 3, COPIES = 60 };
    pthread_t threads[THREADS];

    busy.shared = (struct shared){ .pool = pool_make(2) };
    busy.stop = false;
    busy.shared.ended = pool_start(busy.shared.pool, calls_echo, json_integer(1));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(busy.shared.pool), 0);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, keep_busy, NULL) == 0);
    for (int i = 0; i < COPIES; i++)
        PROCSPAWN_CUNIT_EQUAL(in_a_copy(ask_and_free, &busy.shared), 0);
    __atomic_store_n(&busy.stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    PROCSPAWN_CUNIT_EQUAL(busy.wrong, 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(busy.shared.ended), 1);
    procspawn_pool_free(busy.shared.pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo fork_tests[] = {
    TEST(a_copy_is_told_that_the_pool_is_not_its_own),
    TEST(a_copy_frees_its_memory_and_harms_nothing),
    /* The thread sanitizer lets no copy of a program with threads start one. */
#ifndef __SANITIZE_THREAD__
    TEST(a_copy_can_have_pools_of_its_own),
#endif
    TEST(copies_of_a_busy_program_do_not_hang),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("fork", fork_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
