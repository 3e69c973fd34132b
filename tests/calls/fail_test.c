/*
 * fail_test.c - failures that are data: procspawn_fail and its like
 */
#include "src/value/failure.h"
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static json_t *fail_plainly(json_t *number)
{
    return procspawn_fail("%d is too much", (int)json_integer_value(number));
}

/* Opens a descriptor, which the detail carries; argument: the detail's text. */
static json_t *fail_with_detail(json_t *text)
{
    procspawn_fail_with(json_pack("{s:O, s:o}", "text", text, "file",
                                  procspawn_value_fd_take(dup(0))),
                        "with detail");
    return json_string("a result that nobody gets");
}

static json_t *fail_at_a_place(json_t *unused)
{
    (void)unused;
    return procspawn_fail_at("caf\xe9.c", 77, "somewhere", "std::out_of_range", NULL,
                             "no text: \xff\x80\n");
}

static json_t *fail_twice(json_t *unused)
{
    (void)unused;
    procspawn_fail_with(json_integer(1), "first");
    errno = ERANGE;
    procspawn_fail("second");
    return errno == ERANGE ? json_null() : procspawn_fail("errno was changed");
}

static json_t *fail_with_no_text(json_t *unused)
{
    json_t *object = json_object();

    (void)unused;
    json_object_set_new_nocheck(object, "\xff", json_null());
    return procspawn_fail_with(object, "never told");
}

static void *fail_in_thread(void *unused)
{
    (void)unused;
    return procspawn_fail("of a thread");
}

static json_t *fail_from_a_thread(json_t *unused)
{
    pthread_t thread;

    (void)unused;
    if (pthread_create(&thread, NULL, fail_in_thread, NULL) == 0)
        pthread_join(thread, NULL);
    return json_null();
}

static json_t *fail_at_length(json_t *unused)
{
    static char text[300000];

    (void)unused;
    memset(text, 'x', sizeof text - 1);
    return procspawn_fail("%s", text);
}

PROCSPAWN_DEFINE_STATIC(root_of, int, (int, number))
{
    if (number < 0)
        procspawn_fail("%d has no root", number);
    return number;
}

static procspawn_error *failure_of(procspawn_function *function, json_t *argument)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_take(function, argument, &result, &error),
                          PROCSPAWN_ECALL);
    CU_ASSERT(result == NULL);
    CU_ASSERT_FATAL(error != NULL);
    return error;
}

static void a_failure_has_its_message_and_place_and_no_backtrace(void)
{
    procspawn_error *error = failure_of(fail_plainly, json_integer(12));

    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_kind(error), PROCSPAWN_ERROR_FAILED);
    CU_ASSERT(procspawn_error_is_failure(error));
    CU_ASSERT(!procspawn_error_is_panic(error));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_cause(error), PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), -1);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "12 is too much");
    CU_ASSERT(strstr(procspawn_error_file(error), "fail_test.c") != NULL);
    CU_ASSERT(procspawn_error_line(error) > 0);
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "fail_plainly");
    CU_ASSERT(procspawn_error_detail(error) == NULL);
    CU_ASSERT(procspawn_error_type(error) == NULL);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_frame_count(error), 0);
    procspawn_error_free(error);
}

static void a_failure_may_say_what_is_no_utf8(void)
{
    procspawn_error *error = failure_of(fail_at_a_place, json_null());

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "no text: \xff\x80\n");
    CU_ASSERT_STRING_EQUAL(procspawn_error_file(error), "caf\xe9.c");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_line(error), 77);
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "somewhere");
    CU_ASSERT_STRING_EQUAL(procspawn_error_type(error), "std::out_of_range");
    json_t *object = procspawn_error_json(error);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "kind")), "failed");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "type")),
                           "std::out_of_range");
    json_decref(object);
    procspawn_error_free(error);
}

static void a_detail_is_a_value_as_a_result_is(void)
{
    const struct procspawn_call_options options = { .take_argument = true };
    struct procspawn_result result;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, fail_with_detail, json_string("why"),
                                              &result), PROCSPAWN_ECALL);
    CU_ASSERT(result.value == NULL);
    const json_t *detail = procspawn_error_detail(result.error);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(detail, "text")), "why");
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(detail, "file"), &fd), 0);
    close(fd);
    json_t *object = procspawn_error_json(result.error);
    CU_ASSERT(json_is_object(json_object_get(object, "detail")));
    json_decref(object);
    procspawn_result_fini(&result);
}

static void descriptors_in_a_detail_of_a_short_form_are_closed(void)
{
    procspawn_error *error = failure_of(fail_with_detail, json_string("why"));
    const json_t *detail = procspawn_error_detail(error);
    int fd = -1;

    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(detail, "text")), "why");
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(detail, "file"), &fd),
                          PROCSPAWN_EVALUE);
    procspawn_error_free(error);
}

static void the_last_failure_counts_and_errno_is_kept(void)
{
    procspawn_error *error = failure_of(fail_twice, json_null());

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "second");
    CU_ASSERT(procspawn_error_detail(error) == NULL);
    procspawn_error_free(error);
}

static void any_thread_may_fail_the_call(void)
{
    procspawn_error *error = failure_of(fail_from_a_thread, json_null());

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "of a thread");
    procspawn_error_free(error);
}

static void a_message_has_any_length(void)
{
    procspawn_error *error = failure_of(fail_at_length, json_null());

    PROCSPAWN_CUNIT_EQUAL((int)strlen(procspawn_error_message(error)), 299999);
    procspawn_error_free(error);
}

static void a_detail_that_cannot_be_sent_is_a_failure_of_kind_json(void)
{
    procspawn_error *error = failure_of(fail_with_no_text, json_null());

    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_kind(error), PROCSPAWN_ERROR_JSON);
    CU_ASSERT(strstr(procspawn_error_message(error), "detail") != NULL);
    procspawn_error_free(error);
}

static void a_typed_function_fails_too(void)
{
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    int root = 0;

    PROCSPAWN_CUNIT_EQUAL(root_of_spawn(-4, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(root_of_join(handle, &root, &error), PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "-4 has no root");
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(root_of_spawn(4, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(root_of_join(handle, &root, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(root, 4);
    procspawn_handle_free(handle);
}

static void a_worker_survives_failures_and_forgets_them(void)
{
    procspawn_pool *pool = pool_make(1);
    json_t *result = NULL;
    procspawn_error *error = NULL;
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 20; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call_take(pool, fail_with_detail, json_string("x"),
                                                       NULL, &error), PROCSPAWN_ECALL);
        CU_ASSERT(procspawn_error_is_failure(error));
        procspawn_error_free(error);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, calls_pid, NULL, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result), pid);
    json_decref(result);
    procspawn_pool_free(pool);
}

static int fail_in_scope(scoped_spawner self, void *argument)
{
    (void)argument;
    return scoped_procspawn_call(self, fail_with_detail, NULL, NULL, NULL);
}

static void a_failure_is_the_failure_of_a_child_of_a_scope(void)
{
    struct scoped_outcome outcome = { 0 };
    scoped_spawner root, scope;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, NULL, &scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(scope, fail_in_scope, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(scope, SCOPED_FOREVER, &outcome), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(outcome.status, PROCSPAWN_ECALL);
    scoped_outcome_fini(&outcome);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
}

static void outside_of_a_child_only_the_detail_is_released(void)
{
    int fd = dup(0);

    CU_ASSERT(procspawn_fail("nothing") == NULL);
    CU_ASSERT(procspawn_fail_with(procspawn_value_fd_take(fd), "nothing") == NULL);
    PROCSPAWN_CUNIT_EQUAL(close(fd), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(calls_echo, NULL, NULL, NULL), 0);
}

/* ---- what a hostile child may send ---- */

static void check_garbage(json_t *value)
{
    struct procspawn__failure failure;

    PROCSPAWN_CUNIT_EQUAL(procspawn__failure_unpack(value, &failure), -EPROTO);
    CU_ASSERT(failure.message == NULL && failure.detail == NULL);
    json_decref(value);
}

static void what_is_no_failure_is_refused(void)
{
    check_garbage(json_null());
    check_garbage(json_array());
    check_garbage(json_object());
    check_garbage(json_pack("{s:i}", "message", 1));
    check_garbage(json_pack("{s:s}", "message", "\xc4\x80"));       /* U+0100 */
    check_garbage(json_pack("{s:s}", "message", "\xe2\x82\xac"));
    check_garbage(json_pack("{s:o}", "message", json_stringn("a\0b", 3)));
    check_garbage(json_pack("{s:s, s:n}", "message", "m", "file"));
    check_garbage(json_pack("{s:s, s:s}", "message", "m", "line", "1"));
    check_garbage(json_pack("{s:s, s:i}", "message", "m", "line", -1));
    check_garbage(json_pack("{s:s, s:I}", "message", "m", "line", (json_int_t)INT64_MAX));
    check_garbage(json_pack("{s:s, s:[]}", "message", "m", "function"));
    check_garbage(json_pack("{s:s, s:f, s:s}", "message", "m", "type", 1.5, "detail", "d"));
}

static void every_byte_of_a_message_travels(void)
{
    char bytes[256];
    struct procspawn__failure failure = { .message = bytes }, same;

    for (int i = 0; i < 255; i++)
        bytes[i] = (char)(i + 1);
    bytes[255] = '\0';
    json_t *value = procspawn__failure_pack(&failure);
    PROCSPAWN_CUNIT_EQUAL(procspawn__failure_unpack(value, &same), 0);
    CU_ASSERT_STRING_EQUAL(same.message, bytes);
    CU_ASSERT(same.file == NULL && same.type == NULL && same.detail == NULL);
    procspawn__failure_fini(&same);
    json_decref(value);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_failure_has_its_message_and_place_and_no_backtrace),
    TEST(a_failure_may_say_what_is_no_utf8),
    TEST(a_detail_is_a_value_as_a_result_is),
    TEST(descriptors_in_a_detail_of_a_short_form_are_closed),
    TEST(the_last_failure_counts_and_errno_is_kept),
    TEST(any_thread_may_fail_the_call),
    TEST(a_message_has_any_length),
    TEST(a_detail_that_cannot_be_sent_is_a_failure_of_kind_json),
    TEST(a_typed_function_fails_too),
    TEST(a_worker_survives_failures_and_forgets_them),
    TEST(a_failure_is_the_failure_of_a_child_of_a_scope),
    TEST(outside_of_a_child_only_the_detail_is_released),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo wire_tests[] = {
    TEST(what_is_no_failure_is_refused),
    TEST(every_byte_of_a_message_travels),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("failures", tests),
    { .pName = "wire", .pTests = wire_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
