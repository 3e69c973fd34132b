/*
 * state_test.c - what a pool's workers take over from the program: its streams, its environment
 */
#include "tests/support/pool_helpers.h"

#include <forkscope/output.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

/* ---- streams ---- */

static json_t *write_to_both(json_t *argument)
{
    const char *text = json_string_value(argument);
    size_t length = strlen(text);

    bool written = write(STDOUT_FILENO, text, length) == (ssize_t)length &&
                   write(STDERR_FILENO, text, length) == (ssize_t)length;
    return json_boolean(written);
}

static json_t *read_input(json_t *argument)
{
    char text[64] = "";
    ssize_t length = pread(STDIN_FILENO, text, sizeof text - 1, 0);

    (void)argument;
    return length < 0 ? json_null() : json_string(text);
}

/* A stream of this program that is a file for a while. */
struct redirected {
    int stream;
    int file;
    int original;
};

static void redirect(struct redirected *to, int stream)
{
    to->stream = stream;
    to->file = memfd_create("stream", MFD_CLOEXEC);
    to->original = fcntl(stream, F_DUPFD_CLOEXEC, 3);
    CU_ASSERT_FATAL(to->file >= 0 && to->original >= 0);
    dup2(to->file, stream);
}

static void put_back(struct redirected *from)
{
    dup2(from->original, from->stream);
    close(from->original);
}

static void check_file(struct redirected *from, const char *text)
{
    char buffer[64] = "";

    CU_ASSERT(pread(from->file, buffer, sizeof buffer - 1, 0) >= 0);
    CU_ASSERT_STRING_EQUAL(buffer, text);
    close(from->file);
}

static json_t *call(procspawn_pool *pool, procspawn_function *function, json_t *argument)
{
    return calls_result(pool_start(pool, function, argument));
}

static void workers_keep_the_streams_of_the_program_from_call_to_call(void)
{
    struct redirected in, out, error;

    redirect(&in, STDIN_FILENO);
    redirect(&out, STDOUT_FILENO);
    redirect(&error, STDERR_FILENO);
    CU_ASSERT(write(in.file, "input", 5) == 5);
    procspawn_pool *pool = pool_make(1);
    json_t *first = call(pool, write_to_both, json_string("one "));
    json_t *second = call(pool, write_to_both, json_string("two"));
    json_t *read = call(pool, read_input, NULL);
    procspawn_pool_free(pool);
    put_back(&in);
    put_back(&out);
    put_back(&error);
    CU_ASSERT(json_is_true(first) && json_is_true(second));
    calls_check_text(read, "input");
    check_file(&out, "one two");
    check_file(&error, "one two");
    close(in.file);
}

static void captured_streams_are_not_those_of_the_program(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    struct redirected out, error;
    struct procspawn_output output;

    redirect(&out, STDOUT_FILENO);
    redirect(&error, STDERR_FILENO);
    procspawn_builder_capture(procspawn_pool_builder_process(builder), 1 << 20, false);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *handle = pool_start(pool, write_to_both, json_string("text"));
    int rc = procspawn_join(handle, NULL, NULL);
    put_back(&out);
    put_back(&error);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), 0);
    CU_ASSERT_STRING_EQUAL(output.data, "text");
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), 0);
    CU_ASSERT_STRING_EQUAL(output.data, "text");
    check_file(&out, "");
    check_file(&error, "");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* ---- environment ---- */

static json_t *list_environment(json_t *argument)
{
    json_t *list = json_array();

    (void)argument;
    for (char **variable = environ; variable && *variable; variable++)
        json_array_append_new(list, json_string(*variable));
    return list;
}

static char *odd_variables[] = {
    (char *)(uintptr_t)"FIRST=1", (char *)(uintptr_t)"", (char *)(uintptr_t)"TWICE=a",
    (char *)(uintptr_t)"no value", (char *)(uintptr_t)"=odd", (char *)(uintptr_t)"TWICE=b",
    (char *)(uintptr_t)"LAST=", NULL,
};

static void change_nothing(procspawn_builder *builder)
{
    (void)builder;
}

static void change_some(procspawn_builder *builder)
{
    procspawn_builder_env(builder, "TWICE", "c");
    procspawn_builder_env(builder, "NEW", "");
    procspawn_builder_env_remove(builder, "FIRST");
    procspawn_builder_env_remove(builder, "no value");
}

static void change_all(procspawn_builder *builder)
{
    procspawn_builder_env_clear(builder);
    procspawn_builder_env(builder, "ONLY", "1");
}

static void clear(procspawn_builder *builder)
{
    procspawn_builder_env_clear(builder);
}

static json_t *environment_of_a_plain_call(void (*change)(procspawn_builder *))
{
    procspawn_builder *builder = procspawn_builder_new();

    change(builder);
    json_t *list = calls_result(calls_build(builder, list_environment, NULL));
    procspawn_builder_free(builder);
    return list;
}

static json_t *environment_of_a_worker(void (*change)(procspawn_builder *))
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    change(procspawn_pool_builder_process(builder));
    procspawn_pool *pool = pool_build(builder);
    json_t *list = call(pool, list_environment, NULL);
    procspawn_pool_free(pool);
    return list;
}

static void check_both(void (*change)(procspawn_builder *), size_t count)
{
    json_t *plain = environment_of_a_plain_call(change);
    json_t *pooled = environment_of_a_worker(change);

    PROCSPAWN_CUNIT_EQUAL((int)json_array_size(plain), (int)count);
    CU_ASSERT(json_equal(plain, pooled));
    json_decref(plain);
    json_decref(pooled);
}

static void workers_and_plain_calls_have_the_same_environment(void)
{
    enum { ODD = sizeof odd_variables / sizeof *odd_variables - 1 };
    static char *nothing[] = { NULL };
    char **before = environ;

    environ = odd_variables;
    check_both(change_nothing, ODD);
    check_both(change_some, ODD - 4 + 2);
    check_both(change_all, 1);
    check_both(clear, 0);
    environ = nothing;
    check_both(change_nothing, 0);
    environ = NULL;
    check_both(change_some, 2);
    environ = before;
}

#define TEST(name) { #name, name }

static CU_TestInfo state_tests[] = {
    TEST(workers_keep_the_streams_of_the_program_from_call_to_call),
    TEST(captured_streams_are_not_those_of_the_program),
    TEST(workers_and_plain_calls_have_the_same_environment),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("state", state_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
