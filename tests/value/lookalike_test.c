/*
 * lookalike_test.c - data that looks like a placeholder: escaped when it is the caller's, refused
 * when it is forged
 */
#include "src/value/fd_table.h"
#include "src/value/message.h"
#include "src/value/reserved.h"
#include "src/wire/frame.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- data that looks like ours ---- */

static void data_that_uses_the_reserved_key_arrives_unchanged(void)
{
    static const char *const texts[] = {
        "{\"\\u0001forkscope\":\"fd:0\"}",
        "{\"\\u0001forkscope\":null,\"more\":[{\"\\u0001\\u0001forkscope\":\"fd:0\"}]}",
        "{\"\\u0001\\u0001\\u0001forkscope\":{\"\\u0001forkscope\":{\"\\u0001forkscope\":1}}}",
        "[{\"\\u0001\":1,\"\\u0001forkscopes\":2,\"\":3}]",
    };

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = json_loads(texts[i], 0, NULL);
        procspawn_handle *handle;
        CU_ASSERT_PTR_NOT_NULL_FATAL(value);
        json_t *result = values_call(calls_echo, json_incref(value), &handle);
        CU_ASSERT_TRUE(json_equal(value, result));
        CU_ASSERT_EQUAL(procspawn_value_kind(result), PROCSPAWN_VALUE_PLAIN);
        json_decref(result);
        json_decref(value);
        procspawn_handle_free(handle);
    }
}

static void data_beside_placeholders_arrives_unchanged(void)
{
    json_t *value = json_pack("{s:s, s:o}", "\001forkscope", "fd:0", "real", json_null());
    json_t *argument = json_deep_copy(value);
    procspawn_handle *handle;
    int fd = -1;

    json_object_set_new(argument, "real", procspawn_value_fd(STDOUT_FILENO));
    json_t *result = values_call(calls_echo, argument, &handle);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(json_object_get(result, "real"), &fd), 0);
    close(fd);
    json_object_set_new(result, "real", json_null());
    CU_ASSERT_TRUE(json_equal(value, result));
    json_decref(result);
    json_decref(value);
    procspawn_handle_free(handle);
}

/* What another process made of a placeholder is data here. */
static json_t *tell_own(json_t *argument)
{
    (void)argument;
    json_t *own = procspawn_value_fd(STDOUT_FILENO);
    const char *text = json_string_value(json_object_get(own, PROCSPAWN__RESERVED_KEY));
    json_t *result = json_string(text);
    json_decref(own);
    return result;
}

static void a_placeholder_of_another_process_is_data(void)
{
    procspawn_handle *handle;
    json_t *own = procspawn_value_fd(STDOUT_FILENO);
    json_t *told = values_call(tell_own, NULL, &handle);
    json_t *forged = json_pack("{s:O}", PROCSPAWN__RESERVED_KEY, told);
    int fd;

    CU_ASSERT_EQUAL(procspawn_value_kind(own), PROCSPAWN_VALUE_FD);
    CU_ASSERT_EQUAL(procspawn_value_kind(forged), PROCSPAWN_VALUE_PLAIN);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(forged, &fd), PROCSPAWN_EVALUE);
    json_decref(forged);
    json_decref(told);
    json_decref(own);
    procspawn_handle_free(handle);
}

static void only_arrived_descriptors_of_the_kind_can_be_taken(void)
{
    json_t *own = procspawn_value_fd(STDOUT_FILENO);
    json_t *number = json_integer(1);
    int fd;

    CU_ASSERT_EQUAL(procspawn_value_claim_fd(own, &fd), PROCSPAWN_EVALUE);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(number, &fd), PROCSPAWN_EVALUE);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(NULL, &fd), PROCSPAWN_EVALUE);
    json_decref(number);
    json_decref(own);
}

/* ---- hostile bytes, straight into the decoder ---- */

struct forgery {
    const char *text;
    int rc;
};

/* Comes with two descriptors, of which the first is a pipe and the second /dev/null. */
static int decode(const char *text, json_t **ret_value, struct procspawn__fd_owner *fd_owner)
{
    struct wire_frame frame = { .header.fd_count = 2,
                                .fds = { values_pipe("x"), open("/dev/null", O_RDONLY) } };
    const struct procspawn__received_value received = {
        .text = text,
        .length = strlen(text),
        .reserved_keys = true,
        .fds = frame.fds,
        .fd_count = 2,
        .fd_owner = fd_owner,
    };
    json_error_t error;
    int rc = procspawn__message_decode(&received, ret_value, &error);

    wire__close_fds(&frame);
    return rc;
}

static void forged_placeholders_are_refused(void)
{
    static const struct forgery forgeries[] = {
        { "{\"\\u0001forkscope\":\"fd:0\"}", 0 },
        { "[{\"\\u0001forkscope\":\"fd:1\"},{\"\\u0001forkscope\":\"fd:0\"}]", 0 },
        { "[{\"\\u0001forkscope\":\"fd:0\"},{\"\\u0001forkscope\":\"fd:0\"}]", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:2\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:63\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:64\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:-1\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:4294967296\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:0 \"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd: 0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:+0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"plain:0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"shmem:0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"shmem:1\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"sender:0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"receiver:1\"}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fdfdfdfdfdfdfdfdfdfdfdfdfdfdfdfd:0\"}", -EPROTO },
        { "{\"\\u0001forkscope\":0}", -EPROTO },
        { "{\"\\u0001forkscope\":null}", -EPROTO },
        { "{\"\\u0001forkscope\":[\"fd\",0]}", -EPROTO },
        { "{\"\\u0001forkscope\":\"fd:0\",\"more\":1}", -EPROTO },
        { "{\"more\":1,\"\\u0001forkscope\":\"fd:0\"}", -EPROTO },
        { "[1,2,{\"a\":{\"\\u0001forkscope\":\"fd:7\"}}]", -EPROTO },
        { "{\"\\u0001forkscope\":", PROCSPAWN_EJSON },
    };
    unsigned before = calls_descriptors();

    for (unsigned i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        struct procspawn__fd_owner fd_owner = { 0 };
        json_t *value = NULL;
        int rc = decode(forgeries[i].text, &value, &fd_owner);
        if (rc != forgeries[i].rc)
            printf("%s: %d\n", forgeries[i].text, rc);
        PROCSPAWN_CUNIT_EQUAL(rc, forgeries[i].rc);
        CU_ASSERT_EQUAL(value != NULL, rc == 0);
        json_decref(value);
        procspawn__fd_owner_release(&fd_owner);
        calls_check_descriptors(before);
    }
}

/* A text with attachments: what their table says, and what lies behind it. */
struct attached_forgery {
    const char *text;
    int rc;
    size_t count;
    uint64_t lengths[3];
    const char *bytes;
    size_t missing;             /* so many bytes of all this do not come */
};

static int decode_attached(const struct attached_forgery *forgery, json_t **ret_value)
{
    size_t text = strlen(forgery->text), bytes = strlen(forgery->bytes);
    size_t table = sizeof forgery->lengths;
    char *message = malloc(text + table + bytes);
    struct procspawn__fd_owner fd_owner = { 0 };
    const struct procspawn__received_value received = {
        .text = message,
        .length = text,
        .attached_count = forgery->count,
        .attached_length = table + bytes - forgery->missing,
        .fd_owner = &fd_owner,
    };
    json_error_t error;

    memcpy(message, forgery->text, text);
    memcpy(message + text, forgery->lengths, table);
    memcpy(message + text + table, forgery->bytes, bytes);
    int rc = procspawn__message_decode(&received, ret_value, &error);
    free(message);
    return rc;
}

#define BYTES(n) "\"\\u0001forkscope:bytes:" #n "\""
#define STRING(n) "\"\\u0001forkscope:string:" #n "\""
#define THREE(a, b, c) "[" a "," b "," c "]"

static void forged_attachments_are_refused(void)
{
    static const char good[] = THREE(BYTES(0), BYTES(1), STRING(2));
    static const struct attached_forgery forgeries[] = {
        { good, 0, 3, { 1, 2, 3 }, "abcdef", 0 },
        { good, 0, 3, { 0, 0, 0 }, "", 0 },
        { THREE("{\"a\":" BYTES(0) "}", BYTES(1), "[" STRING(2) "]"), 0, 3, { 1, 2, 3 }, "abcdef",
          0 },
        { good, -EPROTO, 3, { 1, 2, 3 }, "abcde", 0 },
        { good, -EPROTO, 3, { 1, 2, 3 }, "abcdefg", 0 },
        { good, -EPROTO, 3, { 1, 2, UINT64_MAX }, "abcdef", 0 },
        { good, -EPROTO, 3, { UINT64_MAX, 7, 0 }, "abcdef", 0 },
        { good, -EPROTO, 3, { UINT64_MAX / 2 + 1, UINT64_MAX / 2 + 1, 6 }, "abcdef", 0 },
        { good, -EPROTO, 2, { 1, 2, 3 }, "abcdef", 0 },
        { good, -EPROTO, 4, { 1, 2, 3 }, "abcdef", 0 },
        { good, -EPROTO, SIZE_MAX, { 1, 2, 3 }, "abcdef", 0 },
        { good, -EPROTO, SIZE_MAX / 8 + 2, { 1, 2, 3 }, "abcdef", 0 },
        { good, -EPROTO, 3, { 0, 0, 0 }, "", 1 },
        { good, PROCSPAWN_EJSON, 3, { 1, 2, 3 }, "abcde\xff", 0 },
        { THREE(BYTES(0), BYTES(2), STRING(1)), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(0), BYTES(0), STRING(1)), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(0), BYTES(1), "2"), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(0), BYTES(1), STRING(3)), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(-1), BYTES(1), STRING(2)), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(), BYTES(1), STRING(2)), -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { THREE(BYTES(0 ), BYTES(1), STRING(18446744073709551618)), -EPROTO, 3, { 1, 2, 3 },
          "abcdef", 0 },
        { "[\"\\u0001forkscope\"]", -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { "[\"\\u0001forkscope:fd:0\"]", -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { "null", -EPROTO, 3, { 1, 2, 3 }, "abcdef", 0 },
        { "null", -EPROTO, 0, { 1, 2, 3 }, "abcdef", 0 },
    };
    unsigned before = calls_descriptors();

    for (unsigned i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        json_t *value = NULL;
        int rc = decode_attached(&forgeries[i], &value);
        if (rc != forgeries[i].rc)
            printf("%u, %s: %d\n", i, forgeries[i].text, rc);
        PROCSPAWN_CUNIT_EQUAL(rc, forgeries[i].rc);
        CU_ASSERT_EQUAL(value != NULL, rc == 0);
        json_decref(value);
    }
    calls_check_descriptors(before);
}

#define TEST(name) { #name, name }

static CU_TestInfo lookalikes[] = {
    TEST(data_that_uses_the_reserved_key_arrives_unchanged),
    TEST(data_beside_placeholders_arrives_unchanged),
    TEST(a_placeholder_of_another_process_is_data),
    TEST(only_arrived_descriptors_of_the_kind_can_be_taken),
    TEST(forged_placeholders_are_refused),
    TEST(forged_attachments_are_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("lookalikes", lookalikes),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
