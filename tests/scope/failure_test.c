/*
 * failure_test.c - each allocation and each system call that tasks need fails in turn
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/fault_injection.h"
#include "tests/support/refusal_sweep.h"

#include <errno.h>
#include <forkscope.h>

/* ---- scopes ---- */

static struct scoped_executor *executor;

static int do_nothing(void *argument)
{
    (void)argument;
    return 0;
}

static int wait_for_ever(void *argument)
{
    (void)argument;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static void nothing(void *argument)
{
    (void)argument;
}

static intptr_t take_one(void *argument)
{
    return (intptr_t)argument;
}

static void give_back(intptr_t resource)
{
    (void)resource;
}

/* Everything that a task may do; what is refused is its status. */
static int parent_task(scoped_spawner self, void *argument)
{
    int first = 0, fd;
    intptr_t resource;

    (void)argument;
    sweep_note(&first, scoped_defer(nothing, NULL));
    sweep_note(&first, scoped_acquire(take_one, NULL, give_back, &resource));
    sweep_note(&first, scoped_set_name("a task"));
    sweep_note(&first, scoped_cancel_fd(&fd));
    sweep_note(&first, scoped_spawn_leaf(self, do_nothing, NULL, nothing));
    sweep_note(&first, scoped_spawn_leaf(self, wait_for_ever, NULL, NULL));
    return first;
}

static int spawn_and_wait(scoped_spawner root)
{
    struct scoped_parent_signals signals;
    int first = 0, status = 0, fd;

    int rc = scoped_spawn_with_signal(root, parent_task, NULL, nothing, &signals);
    if (rc < 0)
        return rc;
    sweep_note(&first, scoped_done_receiver_fd(signals.done_receiver, &fd));
    sweep_note(&first, scoped_done_receiver_wait(signals.done_receiver));
    if (scoped_done_receiver_status(signals.done_receiver, &status) == 0)
        sweep_note(&first, status);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return first;
}

static int fail(void *argument)
{
    (void)argument;
    return scoped_fail(-EDOM, "a task of %s", "the sweep");
}

/* The first failure cancels the rest; failures are listed unless there is no memory for it. */
static int with_policy(scoped_spawner root)
{
    struct scoped_options options = { .policy = &scoped_fail_fast, .name = "policy", .max_tasks = 2,
                                      .until = forkscope_after(100 * CALLS_SECOND) };
    struct scoped_outcome outcome;
    scoped_spawner scope;
    int first = 0;

    int rc = scoped_scope_open(root, &options, &scope);
    if (rc < 0)
        return rc;
    sweep_note(&first, scoped_spawn_leaf(scope, wait_for_ever, NULL, NULL));
    sweep_note(&first, scoped_spawn_leaf(scope, fail, NULL, NULL));
    if (first < 0)
        scoped_cancel(scope);
    scoped_close(scope, SCOPED_FOREVER, &outcome);
    if (first == 0 && outcome.status != -EDOM)
        first = INT32_MIN;
    scoped_outcome_fini(&outcome);
    return first;
}

static int tree_of_tasks(void)
{
    scoped_spawner root;
    int first = 0;

    int rc = scoped_spawner_open(executor, &root);
    if (rc < 0)
        return rc;
    sweep_note(&first, spawn_and_wait(root));
    sweep_note(&first, with_policy(root));
    rc = close_whatever(root, SCOPED_FOREVER);
    return rc < 0 ? INT32_MIN : first;
}

static int cached_executor(void)
{
    int rc = scoped_cached_executor_new(NULL, 4, CALLS_SECOND, &executor);

    if (rc < 0)
        return rc;
    rc = tree_of_tasks();
    scoped_executor_free(executor);
    executor = NULL;
    return rc;
}

/* ---- the tests ---- */

REFUSED(a_tree_of_tasks_survives_refusals, sweep_without_servers, tree_of_tasks)
REFUSED(a_cached_executor_survives_refusals, sweep_without_servers, cached_executor)

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_tree_of_tasks_survives_refusals),
    TEST(a_cached_executor_survives_refusals),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "failure", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    fail_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
