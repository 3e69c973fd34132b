/*
 * builder_test.c - what a builder sets for a child: environment, streams, hooks, directory
 */
#include "tests/support/builder_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* ---- environment ---- */

static json_t *own_variable(json_t *name)
{
    const char *value = getenv(json_string_value(name));
    return value ? json_string(value) : json_null();
}

static void check_variable(const char *name, const char *value)
{
    json_t *found = calls_result(calls_build(builder, own_variable, json_string(name)));

    if (value)
        calls_check_text(json_incref(found), value);
    else
        CU_ASSERT(json_is_null(found));
    json_decref(found);
}

static void the_environment_is_the_callers_at_the_time_of_the_call(void)
{
    setenv("SET_AFTER_INIT", "yes", 1);
    check_variable("SET_AFTER_INIT", "yes");
    unsetenv("SET_AFTER_INIT");
    check_variable("SET_AFTER_INIT", NULL);
}

static void variables_can_be_set_and_removed(void)
{
    char *const more[] = { (char *)(uintptr_t)"B=2", (char *)(uintptr_t)"C=3=3", NULL };

    setenv("GOES", "x", 1);
    setenv("STAYS", "y", 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A", ""), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_envs(builder, more), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_remove(builder, "GOES"), 0);
    check_variable("A", "");
    check_variable("B", "2");
    check_variable("C", "3=3");
    check_variable("GOES", NULL);
    check_variable("STAYS", "y");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "GOES", "back"), 0);
    check_variable("GOES", "back");
}

static json_t *count_variables(json_t *argument)
{
    int count = 0;
    (void)argument;

    while (environ[count])
        count++;
    return json_integer(count);
}

static void the_environment_can_be_cleared(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "BEFORE", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_clear(builder), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, count_variables, NULL)), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "AFTER", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, count_variables, NULL)), 1);
}

static void names_that_are_none_are_refused(void)
{
    char *const bad[] = { (char *)(uintptr_t)"A=1", (char *)(uintptr_t)"nothing", NULL };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "", "1"), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A=B", "1"), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_remove(builder, ""), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_envs(builder, bad), -EINVAL);
    check_variable("A", NULL);
}

static void a_large_environment_travels(void)
{
    enum { LENGTH = 100000 };
    char *value = malloc(LENGTH + 1);

    memset(value, 'v', LENGTH);
    value[LENGTH] = '\0';
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "LONG", value), 0);
    check_variable("LONG", value);
    free(value);
}

/* ---- directory, umask, name ---- */

static json_t *own_directory(json_t *argument)
{
    char *path = getcwd(NULL, 0);
    json_t *text = json_string(path ? path : "(unreachable)");
    (void)argument;

    free(path);
    return text;
}

static void the_directory_is_the_callers_at_the_time_of_the_call(void)
{
    CU_ASSERT(chdir("/usr") == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "/usr");
    CU_ASSERT(chdir("/") == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "/");
}

static void the_directory_can_be_chosen(void)
{
    CU_ASSERT(chdir("/usr") == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "/etc"), 0);
    calls_check_text(calls_result(calls_build(builder, own_directory, NULL)), "/etc");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "lib"), 0);
    calls_check_text(calls_result(calls_build(builder, own_directory, NULL)), "/usr/lib");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "/not/there"), 0);
    procspawn_error *error = calls_error(calls_build(builder, own_directory, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), ENOENT);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

static void a_removed_directory_does_no_harm(void)
{
    char path[] = "/tmp/forkscope.XXXXXX";

    CU_ASSERT_FATAL(mkdtemp(path) != NULL && chdir(path) == 0 && rmdir(path) == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "(unreachable)");
    CU_ASSERT(chdir("/") == 0);
}

static json_t *own_umask(json_t *argument)
{
    (void)argument;
    return json_integer(umask(0));
}

static void the_umask_is_the_callers_at_the_time_of_the_call(void)
{
    mode_t old = umask(0137);

    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_umask, NULL)), 0137);
    PROCSPAWN_CUNIT_EQUAL(umask(old), 0137);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_umask, NULL)), old);
}

static json_t *own_name(json_t *argument)
{
    char name[16];
    (void)argument;

    prctl(PR_GET_NAME, name);
    return json_string(name);
}

static void the_process_has_the_name_of_the_program(void)
{
    char name[16] = "";

    prctl(PR_GET_NAME, name);
    calls_check_text(calls_result(calls_build(builder, own_name, NULL)), name);
}

static void the_process_can_have_a_name(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_name(builder, "a name that is long"), 0);
    calls_check_text(calls_result(calls_build(builder, own_name, NULL)), "a name that is ");
}

/* ---- deadline and hook ---- */

static void the_deadline_ends_the_call_while_nobody_waits(void)
{
    procspawn_builder_total_limit(builder, 50 * CALLS_MS);
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);
    struct calls_tree tree = { 0 };
    calls_tree_add(&tree, procspawn_pid(handle));
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 20 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    procspawn_error *error = calls_error(handle);
    CU_ASSERT(procspawn_error_is_timeout(error));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
}

static void a_call_that_ends_before_its_deadline_has_its_result(void)
{
    procspawn_builder_total_limit(builder, 60 * CALLS_SECOND);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, calls_echo, json_integer(5))), 5);
}

static int note;

static int take_note(void *value)
{
    note = *(int *)value;
    return note < 0 ? note : 0;
}

static json_t *own_note(json_t *argument)
{
    (void)argument;
    return json_integer(note);
}

static void the_hook_runs_before_the_function(void)
{
    static int good = 31, bad = -ENOTTY;

    procspawn_builder_hook(builder, take_note, &good);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, own_note, NULL)), 31);
    procspawn_builder_pre_exec(builder, take_note, &bad);
    procspawn_error *error = calls_error(calls_build(builder, own_note, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), ENOTTY);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

/* ---- streams ---- */

static json_t *copy_and_complain(json_t *argument)
{
    char line[64];
    (void)argument;

    if (!fgets(line, sizeof line, stdin))
        return json_integer(-1);
    fprintf(stdout, "out: %s", line);
    fprintf(stderr, "err: %s", line);
    return json_integer((json_int_t)strlen(line));
}

static void check_stream(int fd, const char *text)
{
    char found[64] = "";
    ssize_t n = read(fd, found, sizeof found - 1);

    CU_ASSERT(n == (ssize_t)strlen(text));
    CU_ASSERT_STRING_EQUAL(found, text);
    CU_ASSERT(read(fd, found, sizeof found) == 0);
}

static void streams_can_be_pipes(void)
{
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *handle = calls_build(builder, copy_and_complain, NULL);
    CU_ASSERT(write(procspawn_stdin(handle), "hello\n", 6) == 6);
    int in = procspawn_stdin_claim(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdin(handle), -1);
    close(in);
    check_stream(procspawn_stdout(handle), "out: hello\n");
    check_stream(procspawn_stderr(handle), "err: hello\n");
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 6);
}

static void streams_can_be_descriptors_that_stay_the_callers(void)
{
    int ends[2];
    char text[32] = "";

    CU_ASSERT_FATAL(pipe(ends) == 0);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_FD, ends[1]);
    CU_ASSERT(write(ends[1], "mine ", 5) == 5);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_FD, ends[0]);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    CU_ASSERT(write(ends[1], "line\n", 5) == 5);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, copy_and_complain, NULL)), 10);
    CU_ASSERT(read(ends[0], text, sizeof text - 1) == 15);
    CU_ASSERT_STRING_EQUAL(text, "out: mine line\n");
    CU_ASSERT(fcntl(ends[0], F_GETFD) >= 0 && fcntl(ends[1], F_GETFD) >= 0);
    close(ends[0]);
    close(ends[1]);
}

static void null_is_empty_and_swallows(void)
{
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_NULL, -1);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, copy_and_complain, NULL)), -1);
}

static void a_descriptor_that_is_none_is_refused(void)
{
    procspawn_handle *handle = NULL;

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_FD, 999);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_spawn(builder, calls_echo, NULL, &handle), -EBADF);
    CU_ASSERT(!handle);
}

static json_t *which_output(json_t *argument)
{
    struct stat status;
    (void)argument;

    fstat(STDOUT_FILENO, &status);
    return json_integer((json_int_t)status.st_ino);
}

static void inherited_streams_are_the_callers_at_the_time_of_the_call(void)
{
    int ends[2], saved = dup(STDOUT_FILENO);
    struct stat status;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    fstat(ends[1], &status);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(which_output, NULL)),
                          (json_int_t)status.st_ino);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_environment_is_the_callers_at_the_time_of_the_call),
    TEST(variables_can_be_set_and_removed),
    TEST(the_environment_can_be_cleared),
    TEST(names_that_are_none_are_refused),
    TEST(a_large_environment_travels),
    TEST(the_directory_is_the_callers_at_the_time_of_the_call),
    TEST(the_directory_can_be_chosen),
    TEST(a_removed_directory_does_no_harm),
    TEST(the_umask_is_the_callers_at_the_time_of_the_call),
    TEST(the_process_has_the_name_of_the_program),
    TEST(the_process_can_have_a_name),
    TEST(the_deadline_ends_the_call_while_nobody_waits),
    TEST(a_call_that_ends_before_its_deadline_has_its_result),
    TEST(the_hook_runs_before_the_function),
    TEST(streams_can_be_pipes),
    TEST(streams_can_be_descriptors_that_stay_the_callers),
    TEST(null_is_empty_and_swallows),
    TEST(a_descriptor_that_is_none_is_refused),
    TEST(inherited_streams_are_the_callers_at_the_time_of_the_call),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    BUILDER_SUITE("builder", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
