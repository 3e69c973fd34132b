/*
 * shared_test.c - sets with more than one thread, process or task around
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- threads ---- */

enum { THREADS = 4, CALLS = 100 };

struct adder {
    procspawn_set *set;
    procspawn_pool *pool;
};

static void *add_calls(void *data)
{
    struct adder *adder = data;

    for (int i = 0; i < CALLS; i++)
        set_add(adder->set, i % 2 ? adder->pool : NULL, calls_echo, json_integer(i), NULL);
    return NULL;
}

/* A call hangs, so the set is never empty before all are added. */
static void threads_add_calls_while_another_one_takes_results(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_set *set = set_make();
    struct adder adder = { set, pool };
    pthread_t threads[THREADS];
    struct procspawn_result result;
    int hangs;

    procspawn_set_max_running(set, 3);
    set_add(set, NULL, calls_hang, json_null(), &hangs);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, add_calls, &adder) == 0);
    for (int i = 0; i < THREADS * CALLS; i++) {
        result = set_next(set);
        CU_ASSERT(!result.error);
        procspawn_result_fini(&result);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &hangs), 1);
    set_check_error(set, &hangs, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    set_check_empty(set);
    procspawn_pool_free(pool);
}

static void *take_results(void *data)
{
    struct procspawn_result result;

    for (;;) {
        if (procspawn_set_next(data, &result) == 0)
            procspawn_result_fini(&result);
    }
    return NULL;
}

static void a_cancelled_wait_loses_no_result(void)
{
    procspawn_set *set = set_make();
    struct pool_gate gate;
    pthread_t thread;
    void *end;
    int tag;

    pool_gate_make(&gate);
    set_add(set, NULL, pool_forty_two, pool_gate_name(&gate), &tag);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, take_results, set) == 0);
    pthread_cancel(thread);
    CU_ASSERT_FATAL(pthread_join(thread, &end) == 0);
    CU_ASSERT_PTR_EQUAL(end, PTHREAD_CANCELED);
    pool_gate_open(&gate);
    set_check_next(set, &tag, 42);
    set_check_empty(set);
    pool_gate_remove(&gate);
}

/* ---- a forked copy ---- */

static int use_in_copy(procspawn_set *set)
{
    struct procspawn_result result;
    procspawn_handle *handle;

    if (procspawn_set_next(set, &result) != PROCSPAWN_ENOTOWNER)
        return 1;
    if (procspawn_set_fd(set) != -1 || procspawn_set_count(set) != 0)
        return 2;
    if (procspawn_set_remove(set, NULL, &handle) != PROCSPAWN_ENOTOWNER)
        return 3;
    if (procspawn_set_start(set, NULL, calls_echo, NULL, NULL) == 0)
        return 4;
    procspawn_set_kill_all(set);
    procspawn_set_free(set);
    return 0;
}

static void a_forked_copy_harms_no_call_of_the_set(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_set *set = set_make();
    struct pool_gate gate;
    int process, of_pool, waits, status = -1;

    pool_gate_make(&gate);
    procspawn_set_max_running(set, 1);
    set_add(set, NULL, pool_forty_two, pool_gate_name(&gate), &process);
    set_add(set, pool, pool_forty_two, pool_gate_name(&gate), &of_pool);
    set_add(set, NULL, calls_echo, json_integer(1), &waits);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(20);
        _exit(use_in_copy(set));
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    CU_ASSERT(WIFEXITED(status));
    PROCSPAWN_CUNIT_EQUAL(WEXITSTATUS(status), 0);
    pool_gate_open(&gate);
    for (int i = 0; i < 3; i++) {
        struct procspawn_result result = set_next(set);
        CU_ASSERT(!result.error);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* ---- scopes ---- */

static scoped_spawner root_open(void)
{
    scoped_spawner root = { 0 };

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    return root;
}

static void calls_of_a_set_are_children_of_a_scope(void)
{
    scoped_spawner root = root_open();
    procspawn_pool *pool = pool_make(1);
    struct procspawn_call_options in_scope = { .scope = &root };
    struct procspawn_call_options in_pool = { .scope = &root, .pool = pool };
    procspawn_set *set = set_make();

    for (int i = 0; i < 6; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, i % 2 ? &in_pool : &in_scope, calls_echo,
                                                  NULL, NULL), 0);
    for (int i = 0; i < 6; i++) {
        struct procspawn_result result = set_next(set);
        PROCSPAWN_CUNIT_EQUAL(result.status, 0);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
}

static void the_end_of_a_scope_ends_its_calls(void)
{
    scoped_spawner root = root_open();
    struct procspawn_call_options in_scope = { .scope = &root };
    procspawn_set *set = set_make();
    struct procspawn_result result;
    int tag;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &in_scope, calls_hang, NULL, &tag), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 200 * CALLS_MS, &result), -ETIMEDOUT);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    result = set_next(set);
    CU_ASSERT_PTR_EQUAL(result.tag, &tag);
    CU_ASSERT(result.error != NULL);
    procspawn_result_fini(&result);
    set_check_empty(set);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(threads_add_calls_while_another_one_takes_results),
    TEST(a_cancelled_wait_loses_no_result),
    TEST(a_forked_copy_harms_no_call_of_the_set),
    TEST(calls_of_a_set_are_children_of_a_scope),
    TEST(the_end_of_a_scope_ends_its_calls),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("shared_sets", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
