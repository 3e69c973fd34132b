/*
 * texts_test.c - what codes and errors say, one by one
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check_text(const char *actual, const char *expected)
{
    if (strcmp(actual, expected) != 0)
        printf("\"%s\" instead of \"%s\"\n", actual, expected);
    CU_ASSERT_STRING_EQUAL(actual, expected);
}

/* ---- codes ---- */

static void check_code(int code, const char *text)
{
    check_text(forkscope_strerror(code), text);
}

static void every_code_says_what_it_means(void)
{
    check_code(SCOPED_ESTALE, "the spawner's owner has ended");
    check_code(SCOPED_ENOTOWNER, "the spawner belongs to another task or thread");
    check_code(SCOPED_ECLOSED, "the spawner's owner is ending");
    check_code(SCOPED_EUNWOUND, "the task left its function by pthread_exit");
    check_code(SCOPED_ENOTSTARTED, "the task ended without having said that it started");
    check_code(SCOPED_EOPEN, "another scope is still open inside of this one");
    check_code(SCOPED_ERUNNING, "tasks are still running");
    check_code(PROCSPAWN_ECALL, "the call failed");
    check_code(PROCSPAWN_EJSON, "the value cannot be encoded as JSON");
    check_code(PROCSPAWN_ENOTINIT, "procspawn_init has not been called in this process");
    check_code(PROCSPAWN_ETHREADS, "procspawn_init came after a second thread");
    check_code(PROCSPAWN_ESTART, "the fork server did not come up in time");
    check_code(PROCSPAWN_ESERVER, "the fork server is gone, or does not answer");
    check_code(PROCSPAWN_EFUNCTION, "no child can have the function: NULL, in no module, or in a "
                                    "library without a build-id that was loaded after init");
    check_code(PROCSPAWN_EPOOL, "the pool has failed: no worker could be started");
    check_code(PROCSPAWN_ESHUTDOWN, "the pool takes no more calls: it was shut down or killed, or "
                                    "procspawn_fini was called");
    check_code(PROCSPAWN_ERIGHTS, "the caller may have no child, or none with rights that it "
                                  "lacks");
    check_code(PROCSPAWN_ENOTOWNER, "the object belongs to another process");
    check_code(PROCSPAWN_ELIMIT, "more than the limit says");
    check_code(PROCSPAWN_EVALUE, "the value is not what it should be, or stands for nothing any "
                                 "more");
    check_code(PROCSPAWN_EDESCRIPTORS, "more descriptors than fit into one message");
    check_code(PROCSPAWN_ERANGE, "a number does not fit into the type of its parameter");
    CU_ASSERT_EQUAL(PROCSPAWN_ERANGE, -5122);
}

static void errno_values_say_what_they_mean_here(void)
{
    check_code(0, "success");
    check_code(-ETIMEDOUT, "not finished in time");
    check_code(-ETIME, "the time limit of the scope has passed");
    check_code(-ECANCELED, "cancelled");
    check_code(-EALREADY, "procspawn_init was called before in this process");
    check_code(-EPIPE, "the other end of the channel is gone");
    check_code(-EPERM, "the system does not permit it, or only a task (or a called function) may "
                       "call this");
    check_code(-EDEADLK, "a task cannot wait for itself or for a task above it");
    check_code(-ENOENT, "no such file or entry");
    check_code(-ENODATA, "nothing is left to wait for");
    check_code(-ETOOMANYREFS, "too many descriptors of this user are under way (RLIMIT_NOFILE)");
    check_code(-EAGAIN, "no thread or process could be had (limits of the user or the machine), "
               "or the queue of the pool is full");
    check_code(-EINVAL, "invalid argument");
    check_code(-EBADF, "a descriptor is not open, or not for this");
    check_code(-EFBIG, "more bytes than a file of this process may have (RLIMIT_FSIZE)");
    check_code(-EIO, "input or output has failed");
    check_code(-EMFILE, "this process has no room for a descriptor (RLIMIT_NOFILE)");
    check_code(-ENFILE, "the machine has no room for a descriptor");
    check_code(-ENOMEM, "no memory could be had");
    check_code(-ENOSYS, "the system, or the library as it was built, cannot do this");
    check_code(-ENOTBLK, "Block device required");
    check_code(EINVAL, "unknown error");
    check_code(-4999, "unknown error");
}

static void after_fini_it_is_fini_that_was_called(void)
{
    procspawn_handle *handle;

    calls_begin();
    check_code(PROCSPAWN_ENOTINIT, "procspawn_init has not been called in this process");
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ENOTINIT);
    check_code(PROCSPAWN_ENOTINIT, "procspawn_fini was called");
    calls_begin();
    check_code(PROCSPAWN_ENOTINIT, "procspawn_init has not been called in this process");
    calls_end();
}

/* ---- errors ---- */

static void check_error(procspawn_error *error, enum procspawn_error_kind kind, const char *text)
{
    check_text(procspawn_error_message(error), text);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), kind);
    procspawn_error_free(error);
}

static void check_end(procspawn_handle *handle, enum procspawn_error_kind kind, const char *text)
{
    check_error(calls_error(handle), kind, text);
}

static void check_limit(procspawn_handle *handle, enum procspawn_limit limit, const char *text)
{
    procspawn_error *error = calls_error(handle);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_limit(error), limit);
    check_error(error, PROCSPAWN_ERROR_TIMED_OUT, text);
}

static procspawn_handle *start_within(procspawn_pool *pool, int64_t run, int64_t total)
{
    const struct procspawn_call_options options = {
        .pool = pool, .run_limit = run, .total_limit = total,
    };
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, calls_hang, NULL, &handle), 0);
    return handle;
}

static void a_limit_is_named_with_its_length(void)
{
    procspawn_pool *pool = pool_make(1);

    check_limit(start_within(NULL, 50 * CALLS_MS, 0), PROCSPAWN_LIMIT_RUN,
                "ran longer than 50 ms and was killed (run limit)");
    check_limit(start_within(NULL, 0, 50 * CALLS_MS), PROCSPAWN_LIMIT_TOTAL,
                "not finished within 50 ms and was killed (total limit)");
    check_limit(start_within(NULL, 1100 * CALLS_MS, 20 * CALLS_SECOND), PROCSPAWN_LIMIT_RUN,
                "ran longer than 1.1 s and was killed (run limit)");
    check_limit(start_within(pool, 50 * CALLS_MS, 0), PROCSPAWN_LIMIT_RUN,
                "ran longer than 50 ms and was killed (run limit)");
    procspawn_handle *busy = pool_start(pool, calls_hang, NULL);
    pool_await_start(busy);
    check_limit(start_within(pool, 0, 50 * CALLS_MS), PROCSPAWN_LIMIT_QUEUE,
                "not started within 50 ms: it waited in the queue of the pool (total limit)");
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(busy), 0);
    check_end(busy, PROCSPAWN_ERROR_REMOTE_CLOSE, "killed by procspawn_kill");
    busy = pool_start(pool, calls_hang, NULL);
    pool_await_start(busy);
    procspawn_pool_free(pool);
    check_end(busy, PROCSPAWN_ERROR_REMOTE_CLOSE, "killed by the end of its pool");
}

static procspawn_handle *start_in_scope(struct scoped_options options, scoped_spawner root,
                                        scoped_spawner *ret_scope)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(scoped_scope_open(root, &options, ret_scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn(*ret_scope, NULL, calls_hang, NULL, &handle), 0);
    return handle;
}

static void the_end_of_a_scope_is_named(void)
{
    scoped_spawner root, scope;

    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(NULL, &root), 0);
    procspawn_handle *handle =
        start_in_scope((struct scoped_options){ .name = "clients" }, root, &scope);
    scoped_cancel_close(scope, SCOPED_FOREVER, NULL);
    check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, "killed by the end of scope \"clients\"");

    handle = start_in_scope((struct scoped_options){ .name = "brief",
                                                     .time_limit = 100 * CALLS_MS },
                             root, &scope);
    scoped_close(scope, SCOPED_FOREVER, NULL);
    check_limit(handle, PROCSPAWN_LIMIT_SCOPE, "the time limit of scope \"brief\" has passed");
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

static json_t *do_exit(json_t *status)
{
    exit((int)json_integer_value(status));
}

static json_t *do_die(json_t *number)
{
    signal(SIGPIPE, SIG_DFL);
    raise((int)json_integer_value(number));
    return NULL;
}

static json_t *do_close_all(json_t *argument)
{
    syscall(SYS_close_range, 0U, ~0U, 0U);
    return json_incref(argument);
}

static json_t *do_nothing(json_t *argument)
{
    (void)argument;
    return NULL;
}

static void the_end_of_a_process_is_told(void)
{
    struct sigaction before;

    check_end(calls_start(do_exit, json_integer(1)), PROCSPAWN_ERROR_REMOTE_CLOSE,
              "called exit(1) before it returned a result");
    check_end(calls_start(do_close_all, NULL), PROCSPAWN_ERROR_REMOTE_CLOSE,
              "the function closed the descriptors of the library (closefrom?) and its result is "
              "lost");
    check_end(calls_start(do_nothing, NULL), PROCSPAWN_ERROR_PANIC,
              "the function returned NULL and gave no reason (procspawn_fail gives one)");
    check_end(calls_start(do_die, json_integer(SIGKILL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
              "killed by signal 9 (SIGKILL), not by this program");
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_DFL }, &before);
    check_end(calls_start(do_die, json_integer(SIGPIPE)), PROCSPAWN_ERROR_REMOTE_CLOSE,
              "killed by signal 13 (SIGPIPE)");
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    check_end(calls_start(do_die, json_integer(SIGPIPE)), PROCSPAWN_ERROR_REMOTE_CLOSE,
              "killed by signal 13 (SIGPIPE): a child does not ignore SIGPIPE, though the program "
              "does");
    sigaction(SIGPIPE, &before, NULL);
}

static int refuse(void *unused)
{
    (void)unused;
    return -EACCES;
}

static void a_failed_set_up_names_what_could_not_be_had(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_cwd(builder, "/nowhere");
    check_end(calls_build(builder, calls_echo, NULL), PROCSPAWN_ERROR_SETUP,
              "could not enter the working directory \"/nowhere\": No such file or directory");
    procspawn_builder_cwd(builder, "/");
    procspawn_builder_rlimit(builder, RLIMIT_NOFILE,
                             &(struct rlimit){ UINT64_C(1) << 41, UINT64_C(1) << 41 });
    check_end(calls_build(builder, calls_echo, NULL), PROCSPAWN_ERROR_SETUP,
              "could not set RLIMIT_NOFILE to 2199023255552: Operation not permitted");
    procspawn_builder_free(builder);
    builder = procspawn_builder_new();
    procspawn_builder_pre_exec(builder, refuse, NULL);
    check_end(calls_build(builder, calls_echo, NULL), PROCSPAWN_ERROR_SETUP,
              "the hook failed: Permission denied");
    procspawn_builder_free(builder);
}

static void check_refusal(procspawn_function *function, const char *text)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(function, NULL, NULL, &error), PROCSPAWN_EFUNCTION);
    check_error(error, PROCSPAWN_ERROR_SETUP, text);
}

static void a_function_that_no_child_can_have_is_told_why(void)
{
    static int data;

    check_refusal(NULL, "NULL is no function");
    check_refusal((procspawn_function *)(uintptr_t)&data,
                  "the function is in no module (a nested function?)");
}

static void an_error_has_the_name_of_its_process(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_error *error = calls_error(calls_start(do_nothing, NULL));
    char *text = NULL;
    size_t length;

    check_text(procspawn_error_name(error), "");
    procspawn_error_free(error);
    procspawn_builder_name(builder, "parser of letters");
    error = calls_error(calls_build(builder, do_exit, json_integer(2)));
    check_text(procspawn_error_name(error), "parser of letters");
    FILE *stream = open_memstream(&text, &length);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fclose(stream);
    check_text(text, "parser of letters: remote_close: called exit(2) before it "
                                       "returned a result\n");
    free(text);
    json_t *all = procspawn_error_json(error);
    calls_check_text(json_incref(json_object_get(all, "name")), "parser of letters");
    json_decref(all);
    procspawn_error_free(error);
    procspawn_builder_free(builder);
}

static json_t *fail_with_type(json_t *argument)
{
    (void)argument;
    return procspawn_fail_at("rules.c", 31, "judge", "no_picture", NULL, "this is no PNG");
}

static void an_item_and_the_type_of_its_failure_are_printed(void)
{
    json_t *items = json_pack("[i]", 7);
    procspawn_error *error = NULL;
    char *text = NULL;
    size_t length;

    PROCSPAWN_CUNIT_EQUAL(procspawn_map(NULL, fail_with_type, items, NULL, &error),
                          PROCSPAWN_ECALL);
    json_decref(items);
    CU_ASSERT_FATAL(error != NULL);
    FILE *stream = open_memstream(&text, &length);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fclose(stream);
    check_text(text, "item 0: failed (no_picture): this is no PNG at rules.c:31 in judge\n");
    free(text);
    json_t *all = procspawn_error_json(error);
    CU_ASSERT(json_is_integer(json_object_get(all, "index")));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(all, "index")), 0);
    json_decref(all);
    procspawn_error_free(error);
    error = calls_error(calls_start(fail_with_type, NULL));
    all = procspawn_error_json(error);
    CU_ASSERT(json_object_get(all, "index") == NULL);
    json_decref(all);
    procspawn_error_free(error);
}

static void call_refused(struct procspawn_call_options options, json_t *argument, int code,
                         const char *text)
{
    struct procspawn_result result;

    options.take_argument = true;
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, calls_echo, argument, &result), code);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(result.error), code);
    check_error(result.error, PROCSPAWN_ERROR_SETUP, text);
    result.error = NULL;
    procspawn_result_fini(&result);
}

static json_t *nested(unsigned depth)
{
    json_t *value = json_array();

    while (--depth > 0)
        value = json_pack("[o]", value);
    return value;
}

static json_t *give_nested(json_t *argument)
{
    (void)argument;
    return nested(2049);
}

static json_t *give_bytes_as_text(json_t *argument)
{
    (void)argument;
    return json_stringn_nocheck("\xff", 1);
}

static void a_value_that_is_no_json_is_told_why(void)
{
    const struct procspawn_call_options none = { 0 };
    char many[5000];

    memset(many, 0xff, sizeof many);
    call_refused(none, NULL, PROCSPAWN_EJSON,
                 "the argument is NULL, not a JSON value: json_pack() and the like return "
                 "NULL for a wrong format, for text that is not UTF-8, and without memory; "
                 "json_pack_ex() tells which");
    call_refused(none, nested(2049), PROCSPAWN_EJSON,
                 "the argument cannot be encoded as JSON: nested deeper than 2,048");
    call_refused(none, json_stringn_nocheck("\xff", 1), PROCSPAWN_EJSON,
                 "the argument cannot be encoded as JSON: a string is not UTF-8: bytes.h carries "
                 "it");
    call_refused(none, json_stringn_nocheck(many, sizeof many), PROCSPAWN_EJSON,
                 "the argument cannot be encoded as JSON: a string is not UTF-8: bytes.h carries "
                 "it");
    check_end(calls_start(give_nested, NULL), PROCSPAWN_ERROR_JSON,
              "the result cannot be encoded as JSON: nested deeper than 2,048");
    check_end(calls_start(give_bytes_as_text, NULL), PROCSPAWN_ERROR_JSON,
              "the result cannot be encoded as JSON: a string is not UTF-8: bytes.h carries it");
}

static void a_stream_that_cannot_be_had_is_named(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    const struct procspawn_call_options options = { .builder = builder };

    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_FD, 777);
    call_refused(options, json_null(), -EBADF, "stdin: descriptor 777 is not open");
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_INHERIT, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_FD, 778);
    call_refused(options, json_null(), -EBADF, "stderr: descriptor 778 is not open");
    procspawn_builder_stderr(builder, (enum procspawn_stdio)99, -1);
    call_refused(options, json_null(), -EINVAL, "stderr: there is no mode 99");
    procspawn_builder_free(builder);
}

static void options_out_of_range_are_named(void)
{
    call_refused((struct procspawn_call_options){ .capture_limit = SIZE_MAX }, json_null(),
                 -EINVAL, "the capture limit is too large");
    call_refused((struct procspawn_call_options){ .total_limit = -1 }, json_null(), -EINVAL,
                 "the total limit is negative");
}

static void map_refused(const struct procspawn_map_options *options, json_t *items, int code,
                        const char *text)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_map(options, calls_echo, items, NULL, &error), code);
    CU_ASSERT_FATAL(error != NULL);
    check_error(error, PROCSPAWN_ERROR_SETUP, text);
    json_decref(items);
}

static void a_map_that_is_refused_is_told_why(void)
{
    const struct procspawn_map_options run = { .run_limit = -1 }, total = { .total_limit = -1 };

    map_refused(NULL, json_object(), -EINVAL, "the items are not a JSON array");
    map_refused(NULL, NULL, -EINVAL, "the items are not a JSON array");
    map_refused(&run, json_array(), -EINVAL, "the run limit is negative");
    map_refused(&total, json_array(), -EINVAL, "the total limit is negative");
    map_refused(NULL, json_pack("[o]", json_stringn_nocheck("\xff", 1)), PROCSPAWN_EJSON,
                "the argument cannot be encoded as JSON: a string is not UTF-8: bytes.h carries "
                "it");
}

#define TEST(name) { #name, name }

static CU_TestInfo code_tests[] = {
    TEST(every_code_says_what_it_means),
    TEST(errno_values_say_what_they_mean_here),
    TEST(after_fini_it_is_fini_that_was_called),
    CU_TEST_INFO_NULL
};

static CU_TestInfo error_tests[] = {
    TEST(a_limit_is_named_with_its_length),
    TEST(the_end_of_a_scope_is_named),
    TEST(the_end_of_a_process_is_told),
    TEST(a_failed_set_up_names_what_could_not_be_had),
    TEST(a_function_that_no_child_can_have_is_told_why),
    TEST(an_error_has_the_name_of_its_process),
    TEST(an_item_and_the_type_of_its_failure_are_printed),
    TEST(a_value_that_is_no_json_is_told_why),
    TEST(a_stream_that_cannot_be_had_is_named),
    TEST(options_out_of_range_are_named),
    TEST(a_map_that_is_refused_is_told_why),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "codes", .pTests = code_tests },
    CALLS_SUITE("errors", error_tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
