/*
 * failure_test.c - each allocation and each system call of the host fails in turn: the operation
 * returns an error or works without it; it never crashes, hangs or leaks, and works the next time
 */
#include "tests/support/call_helpers.h"
#include "tests/support/fault_injection.h"
#include "tests/support/refusal_sweep.h"

#include <assert.h>
#include <errno.h>
#include <forkscope.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    return -EDOM;
}

/* The first failure cancels the rest; failures are listed unless there is no memory for it. */
static int with_policy(scoped_spawner root)
{
    struct scoped_options options = { .policy = &scoped_fail_fast, .name = "policy", .limit = 2,
                                      .deadline = scoped_deadline_in(100 * CALLS_SECOND) };
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
    sweep_note(&first, scoped_scope_close(scope, SCOPED_FOREVER, &outcome));
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
    rc = scoped_spawner_close(root, SCOPED_FOREVER);
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

/* ---- processes ---- */

static int call(void)
{
    procspawn_handle *handle = NULL;
    json_t *argument = json_pack("{s:[i,n,s]}", "key", 1, "text");

    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    return sweep_join(rc, handle);
}

static int call_with_a_long_argument(void)
{
    static char text[100000];
    procspawn_handle *handle = NULL;

    memset(text, 'x', sizeof text - 1);
    json_t *argument = json_string(text);
    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    return sweep_join(rc, handle);
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

static int call_that_crashes(void)
{
    procspawn_handle *handle = NULL;
    int rc = procspawn(crash, NULL, &handle);

    if (rc < 0)
        return rc;
    rc = sweep_join(rc, handle);
    return rc == PROCSPAWN_ECALL ? 0 : rc;
}

static void set_options(procspawn_builder *builder, int *first)
{
    static const struct rlimit limit = { 64, 64 };

    sweep_note(first, procspawn_builder_env(builder, "NAME", "value"));
    sweep_note(first, procspawn_builder_env_remove(builder, "OTHER"));
    sweep_note(first, procspawn_builder_cwd(builder, "/"));
    sweep_note(first, procspawn_builder_name(builder, "name"));
    sweep_note(first, procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit));
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_FD, STDERR_FILENO);
    procspawn_builder_deadline(builder, 100 * CALLS_SECOND);
}

static int call_by_a_builder(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle = NULL;
    int first = 0;

    if (!builder)
        return -ENOMEM;
    set_options(builder, &first);
    if (first == 0)
        sweep_note(&first, procspawn_builder_spawn(builder, calls_echo, NULL, &handle));
    if (first == 0)
        first = sweep_join(0, handle);
    procspawn_builder_free(builder);
    return first;
}

PROCSPAWN_DEFINE_STATIC(add, uint32, (uint32, a), (string, b))
{
    return a + (uint32_t)strlen(b);
}

static int typed_call(void)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    uint32_t sum = 0;

    int rc = add_spawn(40, "12", &handle);
    if (rc < 0)
        return rc;
    rc = add_join(handle, &sum, &error);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return rc == 0 && sum != 42 ? INT32_MIN : rc;
}

static int process_in_a_scope(void)
{
    procspawn_handle *done = NULL, *hanging = NULL;
    scoped_spawner root;
    int first = 0;

    int rc = scoped_spawner_open(NULL, &root);
    if (rc < 0)
        return rc;
    if (sweep_note(&first, scoped_procspawn(root, NULL, calls_echo, NULL, &done)) == 0)
        sweep_note(&first, sweep_join(0, done));
    sweep_note(&first, scoped_procspawn(root, NULL, calls_hang, NULL, &hanging));
    rc = scoped_spawner_close(root, SCOPED_FOREVER);
    if (hanging && procspawn_wait(hanging, 0, NULL) == -ETIMEDOUT)
        first = INT32_MIN;
    procspawn_handle_free(hanging);
    return rc < 0 ? INT32_MIN : first;
}

/* ---- pools ---- */

static int call_pool(procspawn_pool *pool)
{
    procspawn_handle *handle;
    json_t *argument = json_integer(1);
    json_t *result = NULL;

    int rc = argument ? procspawn_pool_spawn(pool, calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    if (rc < 0)
        return rc;
    rc = procspawn_join(handle, &result, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc;
}

static int pool(void)
{
    procspawn_pool *pool;
    int first = 0;

    int rc = procspawn_pool_new(2, &pool);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 3; i++)
        sweep_note(&first, call_pool(pool));
    sweep_note(&first, procspawn_pool_join_timeout(pool, 100 * CALLS_SECOND));
    sweep_note(&first, procspawn_pool_shutdown_timeout(pool, 100 * CALLS_SECOND));
    procspawn_pool_free(pool);
    return first;
}

static int pool_with_plans(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool = NULL;
    int first = 0;

    if (!builder)
        return -ENOMEM;
    sweep_note(&first, procspawn_pool_builder_env(builder, "NAME", "value"));
    procspawn_pool_builder_recycle_after_calls(builder, 1);
    procspawn_pool_builder_capture_stdout(builder, true);
    if (first == 0)
        sweep_note(&first, procspawn_pool_builder_build(builder, &pool));
    procspawn_pool_builder_free(builder);
    for (int i = 0; pool && i < 2; i++)
        sweep_note(&first, call_pool(pool));
    procspawn_pool_free(pool);
    return first;
}

/* ---- things ---- */

static int exchange(procspawn_sender *sender, procspawn_receiver *receiver)
{
    json_t *value = json_pack("[i,s]", 1, "text"), *received = NULL;

    int rc = value ? procspawn_sender_send(sender, value) : -ENOMEM;
    if (rc == 0)
        rc = procspawn_receiver_recv_timeout(receiver, 100 * CALLS_SECOND, &received);
    json_decref(received);
    json_decref(value);
    return rc;
}

static int channel(void)
{
    procspawn_sender *sender, *other = NULL;
    procspawn_receiver *receiver;

    int rc = procspawn_channel_new(&sender, &receiver);
    if (rc < 0)
        return rc;
    rc = procspawn_sender_dup(sender, &other);
    if (rc == 0)
        rc = exchange(other, receiver);
    procspawn_sender_free(other);
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
    return rc;
}

static int call_with_things(json_t *argument)
{
    procspawn_handle *handle = NULL;
    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;

    procspawn_values_drop(argument);
    json_decref(argument);
    return sweep_join(rc, handle);
}

static int shared_memory(void)
{
    procspawn_shmem *shmem;
    int rc = procspawn_shmem_new("text", 5, &shmem);

    if (rc < 0)
        return rc;
    rc = call_with_things(json_pack("[o]", procspawn_value_shmem(shmem)));
    procspawn_shmem_unref(shmem);
    return rc;
}

static int descriptor(void)
{
    return call_with_things(json_pack("{s:o}", "fd", procspawn_value_fd(STDIN_FILENO)));
}

/* ---- the beginning and the end ---- */

static int begin_and_end(void)
{
    procspawn_config *config = procspawn_config_new();

    if (!config)
        return -ENOMEM;
    procspawn_config_spares(config, 1);
    int rc = procspawn_config_init(config, 0, NULL);
    procspawn_config_free(config);
    return rc < 0 ? rc : procspawn_fini();
}

/* ---- the tests ---- */

REFUSED(a_tree_of_tasks_survives_refusals, sweep_without_servers, tree_of_tasks)
REFUSED(a_cached_executor_survives_refusals, sweep_without_servers, cached_executor)
REFUSED(init_and_fini_survive_refusals, sweep_without_servers, begin_and_end)
REFUSED(a_call_survives_refusals, sweep_with_servers, call)
REFUSED(a_long_call_survives_refusals, sweep_with_servers, call_with_a_long_argument)
REFUSED(a_call_that_crashes_survives_refusals, sweep_with_servers, call_that_crashes)
REFUSED(a_builder_survives_refusals, sweep_with_servers, call_by_a_builder)
REFUSED(a_typed_call_survives_refusals, sweep_with_servers, typed_call)
REFUSED(a_process_in_a_scope_survives_refusals, sweep_with_servers, process_in_a_scope)
REFUSED(a_pool_survives_refusals, sweep_with_servers, pool)
REFUSED(a_pool_with_plans_survives_refusals, sweep_with_servers, pool_with_plans)
REFUSED(a_channel_survives_refusals, sweep_with_servers, channel)
REFUSED(shared_memory_survives_refusals, sweep_with_servers, shared_memory)
REFUSED(a_descriptor_survives_refusals, sweep_with_servers, descriptor)

/* ---- what was received is not lost ---- */

static json_t *give_text(json_t *argument)
{
    (void)argument;
    return json_pack("[s,i]", "text", 7);
}

static json_t *panic(json_t *argument)
{
    (void)argument;
    procspawn_panic("as told");
}

static json_t *fail_an_assertion(json_t *argument)
{
    assert(json_is_string(argument));
    return NULL;
}

/* Repeats a join that had no memory, which may last as long as the n-th request is to come. */
static int join_at_last(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error)
{
    int rc;

    do {
        rc = procspawn_join(handle, ret_result, ret_error);
    } while (rc == -ENOMEM);
    return rc;
}

static void check_outcome(procspawn_function *function, int rc, const json_t *result,
                          const procspawn_error *error)
{
    if (function == give_text) {
        PROCSPAWN_CUNIT_EQUAL(rc, 0);
        CU_ASSERT(json_integer_value(json_array_get(result, 1)) == 7);
        return;
    }
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    if (function == panic) {
        CU_ASSERT(procspawn_error_is_panic(error));
        CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "as told");
    } else {
        CU_ASSERT(procspawn_error_cause(error) == PROCSPAWN_CAUSE_ASSERT);
        CU_ASSERT(strstr(procspawn_error_message(error), "json_is_string") != NULL);
        CU_ASSERT(procspawn_error_file(error) != NULL);
    }
}

static void check_that_nothing_is_lost(procspawn_pool *pool, procspawn_function *function)
{
    enum { ENOUGH = 3 };

    for (unsigned n = 1, ends = 0; ends < ENOUGH; n++) {
        procspawn_handle *handle = NULL;
        procspawn_error *error = NULL;
        json_t *result = NULL;
        int rc = pool ? procspawn_pool_spawn(pool, function, NULL, &handle)
                      : procspawn(function, NULL, &handle);

        CU_ASSERT_FATAL(rc == 0);
        fail_arm(FAIL_MEMORY, n);
        rc = join_at_last(handle, &result, &error);
        ends = fail_disarm() ? 0 : ends + 1;
        check_outcome(function, rc, result, error);
        json_decref(result);
        procspawn_error_free(error);
        procspawn_handle_free(handle);
    }
}

static void a_join_without_memory_loses_nothing(void)
{
    calls_begin();
    check_that_nothing_is_lost(NULL, give_text);
    check_that_nothing_is_lost(NULL, panic);
    check_that_nothing_is_lost(NULL, fail_an_assertion);
    calls_end();
}

static void nor_does_one_of_a_pool_s_call(void)
{
    procspawn_pool *pool;

    calls_begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    check_that_nothing_is_lost(pool, give_text);
    check_that_nothing_is_lost(pool, panic);
    procspawn_pool_free(pool);
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_tree_of_tasks_survives_refusals),
    TEST(a_cached_executor_survives_refusals),
    TEST(init_and_fini_survive_refusals),
    TEST(a_call_survives_refusals),
    TEST(a_long_call_survives_refusals),
    TEST(a_call_that_crashes_survives_refusals),
    TEST(a_builder_survives_refusals),
    TEST(a_typed_call_survives_refusals),
    TEST(a_process_in_a_scope_survives_refusals),
    TEST(a_pool_survives_refusals),
    TEST(a_pool_with_plans_survives_refusals),
    TEST(a_channel_survives_refusals),
    TEST(shared_memory_survives_refusals),
    TEST(a_descriptor_survives_refusals),
    TEST(a_join_without_memory_loses_nothing),
    TEST(nor_does_one_of_a_pool_s_call),
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
