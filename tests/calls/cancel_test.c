/*
 * cancel_test.c - a task is cancelled while it is in a call: the call is killed, nothing is left
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/tree_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <stdbool.h>
#include <unistd.h>

/* What a task calls, and what is known of it afterwards. */
struct caller {
    procspawn_pool *pool;           /* NULL: a process */
    bool in_scope;
    int pipe[2];                    /* the called function writes its process id */
    json_t *argument;               /* taken by the call; the test has a reference, too */
    bool returned;
    int rc;
    procspawn_error *error;
};

static json_t *tell_and_hang(json_t *file)
{
    pid_t pid = getpid();
    int fd;

    if (procspawn_value_claim_fd(file, &fd) == 0 && write(fd, &pid, sizeof pid) == sizeof pid)
        calls_hang(file);
    return NULL;
}

static int call_it(scoped_spawner self, void *data)
{
    struct caller *caller = data;
    const struct procspawn_call_options options = {
        .pool = caller->pool,
        .scope = caller->in_scope ? &self : NULL,
        .take_argument = true,
    };
    struct procspawn_result result;

    if (caller->in_scope) {
        caller->rc = procspawn_call_with(&options, tell_and_hang, caller->argument, &result);
        caller->error = result.error;
        result.error = NULL;
        procspawn_result_fini(&result);
    } else if (caller->pool) {
        caller->rc = procspawn_pool_call_take(caller->pool, tell_and_hang, caller->argument, NULL,
                                              &caller->error);
    } else {
        caller->rc = procspawn_call_take(tell_and_hang, caller->argument, NULL, &caller->error);
    }
    caller->returned = true;
    return caller->rc;
}

/* Cancels the task when its function runs, and checks that the function's process is gone. */
static void check_cancel(struct caller *caller, const struct scoped_options *options)
{
    scoped_spawner root, scope;
    pid_t pid = 0;

    CU_ASSERT_EQUAL_FATAL(pipe(caller->pipe), 0);
    caller->argument = procspawn_value_fd(caller->pipe[1]);
    json_incref(caller->argument);
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, options, &scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(scope, call_it, caller, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL((int)read(caller->pipe[0], &pid, sizeof pid), (int)sizeof pid);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    CU_ASSERT(!tree_exists(pid));
    PROCSPAWN_CUNIT_EQUAL((int)caller->argument->refcount, 1);
    json_decref(caller->argument);
    close(caller->pipe[0]);
    close(caller->pipe[1]);
}

static void a_call_of_a_cancelled_task_is_killed(void)
{
    struct caller caller = { NULL };

    check_cancel(&caller, NULL);
    CU_ASSERT(!caller.returned);
}

static void a_call_of_a_pool_of_a_cancelled_task_is_killed(void)
{
    struct caller caller = { .pool = pool_make(1) };

    check_cancel(&caller, NULL);
    CU_ASSERT(!caller.returned);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(caller.pool, calls_echo, NULL, NULL, NULL), 0);
    procspawn_pool_free(caller.pool);
}

static void a_call_in_the_scope_of_a_cancelled_task_is_killed(void)
{
    struct caller caller = { .in_scope = true };

    check_cancel(&caller, NULL);
    CU_ASSERT(!caller.returned);
}

static void where_a_return_value_tells_a_cancel_the_error_does_too(void)
{
    const struct scoped_options asked = { .grace = 20 * CALLS_SECOND };
    struct caller caller = { NULL };

    check_cancel(&caller, &asked);
    CU_ASSERT(caller.returned);
    PROCSPAWN_CUNIT_EQUAL(caller.rc, -ECANCELED);
    CU_ASSERT_FATAL(caller.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(caller.error), -ECANCELED);
    CU_ASSERT(procspawn_error_is_cancellation(caller.error));
    procspawn_error_free(caller.error);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_call_of_a_cancelled_task_is_killed),
    TEST(a_call_of_a_pool_of_a_cancelled_task_is_killed),
    TEST(a_call_in_the_scope_of_a_cancelled_task_is_killed),
    TEST(where_a_return_value_tells_a_cancel_the_error_does_too),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("cancels", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
