/*
 * null_test.c - NULL, wherever a header allows it: for objects, options, arguments and places for
 * results, of tasks and of calls
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <stdio.h>

static void nothing_is_freed(void)
{
    procspawn_builder_free(NULL);
    procspawn_config_free(NULL);
    procspawn_error_free(NULL);
    procspawn_handle_free(NULL);
    procspawn_needs_free(NULL);
    procspawn_pool_builder_free(NULL);
    procspawn_pool_free(NULL);
    procspawn_receiver_free(NULL);
    procspawn_result_fini(NULL);
    procspawn_sender_free(NULL);
    procspawn_set_free(NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_free_timeout(NULL, 0), 0);
    procspawn_shmem_unref(NULL);
    procspawn_shmem_writer_free(NULL);
    procspawn_value_drop(NULL);
    scoped_cancel_receiver_free(NULL);
    scoped_cancel_sender_forget(NULL);
    scoped_cancel_sender_free(NULL);
    scoped_done_receiver_free(NULL);
    scoped_done_sender_free(NULL);
    scoped_done_sender_set_status(NULL, 0);
    scoped_executor_free(NULL);
    PROCSPAWN_CUNIT_EQUAL(scoped_executor_free_until(NULL, 0), 0);
    scoped_outcome_fini(NULL);
    scoped_task_free(NULL);
}

static void no_bytes_are_bytes(void)
{
    json_t *copied = procspawn_value_bytes(NULL, 0);
    json_t *taken = procspawn_value_bytes_take(NULL, 0);
    char text[8] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");

    CU_ASSERT_FATAL(stream != NULL);
    CU_ASSERT(procspawn_bytes_value(copied) != NULL);
    CU_ASSERT(procspawn_bytes_value(taken) != NULL);
    CU_ASSERT(procspawn_bytes_value(NULL) == NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_bytes_length(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_print(NULL, stream), 0);
    fclose(stream);
    CU_ASSERT_STRING_EQUAL(text, "null");
    json_decref(copied);
    json_decref(taken);
}

/* ---- tasks ---- */

static int leaf(void *arg)
{
    return arg != NULL;
}

static int body(scoped_spawner self, void *arg)
{
    struct scoped_task *task;

    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf(self, leaf, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_start_leaf(self, NULL, leaf, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_start_leaf(self, NULL, leaf, NULL, &task), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_task_join(task, NULL), 0);
    return leaf(arg);
}

static void a_scope_needs_no_options_and_no_outcome(void)
{
    struct scoped_executor *executor;
    scoped_spawner root, scope;

    PROCSPAWN_CUNIT_EQUAL(scoped_run(NULL, body, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open_with(NULL, &root), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_scope_open(root, NULL, &scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(scope, SCOPED_FOREVER, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_thread_executor_new(NULL, &executor), 0);
    scoped_executor_free(executor);
    PROCSPAWN_CUNIT_EQUAL(scoped_cached_executor_new(NULL, 1, 0, &executor), 0);
    scoped_executor_free(executor);
    CU_ASSERT(scoped_set_misuse_hook(NULL) == NULL);
}

static void a_task_without_a_function_is_refused(void)
{
    struct scoped_parent_signals signals;
    struct scoped_child_signals none = { NULL, NULL };
    scoped_spawner root;

    PROCSPAWN_CUNIT_EQUAL(scoped_run(NULL, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(remote_scope_run(none, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(remote_scope_run_leaf(none, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(NULL, &root), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(root, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf(root, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_with_signal(root, NULL, NULL, NULL, &signals), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(scoped_start(root, NULL, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(root, SCOPED_FOREVER, NULL), 0);
}

/* ---- calls ---- */

static json_t *panic(json_t *unused)
{
    (void)unused;
    procspawn_panic("as asked");
}

static void a_call_needs_no_argument_and_no_place_for_its_end(void)
{
    struct procspawn_result result;
    procspawn_handle *handle;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(calls_echo, NULL, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(panic, NULL, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_take(calls_echo, NULL, NULL, NULL), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, calls_echo, NULL, &result), 0);
    CU_ASSERT(json_is_null(result.value));
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(NULL, calls_echo, NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, NULL), 0);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_spawn(NULL, panic, NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

static void a_call_without_a_function_is_refused(void)
{
    procspawn_handle *handle;
    procspawn_pool *pool;
    procspawn_set *set;
    scoped_spawner root;
    json_t *items = json_pack("[n]");

    PROCSPAWN_CUNIT_EQUAL(procspawn(NULL, NULL, &handle), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_spawn(NULL, NULL, NULL, &handle), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(NULL, NULL, NULL, &handle), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(NULL, NULL, NULL, NULL), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_map(NULL, NULL, items, NULL, NULL), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(1, &pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, NULL, NULL, &handle), PROCSPAWN_EFUNCTION);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_new(&set), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, NULL, NULL, NULL, NULL), PROCSPAWN_EFUNCTION);
    procspawn_set_free(set);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(NULL, &root), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn(root, NULL, NULL, NULL, NULL), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(root, SCOPED_FOREVER, NULL), 0);
    json_decref(items);
}

static void a_process_in_a_scope_needs_no_builder_and_no_handle(void)
{
    scoped_spawner root;

    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(NULL, &root), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn(root, NULL, calls_echo, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn_call(root, calls_echo, NULL, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(root, SCOPED_FOREVER, NULL), 0);
}

static void sets_maps_and_channels_need_neither(void)
{
    struct procspawn_result result;
    procspawn_receiver *receiver;
    procspawn_sender *sender;
    procspawn_set *set;
    json_t *items = json_pack("[n]"), *value;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_new(&set), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, NULL, calls_echo, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next(set, &result), 0);
    CU_ASSERT(result.tag == NULL);
    procspawn_result_fini(&result);
    procspawn_set_free(set);
    PROCSPAWN_CUNIT_EQUAL(procspawn_map(NULL, calls_echo, items, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&sender, &receiver), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), 0);
    CU_ASSERT(json_is_null(value));
    json_decref(value);
    json_decref(items);
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
}

static void a_pool_of_null_is_refused(void)
{
    procspawn_handle *handle;
    procspawn_error *error;
    procspawn_needs *needs;
    procspawn_pool *pool;
    int fd;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(NULL, calls_echo, NULL, &handle), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(NULL, calls_echo, NULL, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room_timeout(NULL, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_room_fd(NULL, &fd), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(NULL, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(NULL, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(NULL, &error), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_learned(NULL, &needs), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(NULL, &pool), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(NULL), 0);
    procspawn_pool_kill(NULL);
}

static void init_without_a_configuration_is_refused(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(NULL, 0, NULL), -EINVAL);
}

#define TEST(name) { #name, name }

static CU_TestInfo plain_tests[] = {
    TEST(nothing_is_freed),
    TEST(no_bytes_are_bytes),
    TEST(a_scope_needs_no_options_and_no_outcome),
    TEST(a_task_without_a_function_is_refused),
    TEST(a_pool_of_null_is_refused),
    TEST(init_without_a_configuration_is_refused),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo call_tests[] = {
    TEST(a_call_needs_no_argument_and_no_place_for_its_end),
    TEST(a_call_without_a_function_is_refused),
    TEST(a_process_in_a_scope_needs_no_builder_and_no_handle),
    TEST(sets_maps_and_channels_need_neither),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "plain", .pTests = plain_tests },
    CALLS_SUITE("calls", call_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
