/*
 * prepared_test.c - children that wait in their sandbox: which call takes them, and what it finds
 */
#include "tests/support/sandbox_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/somebody.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/output.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a waiting child ---- */

/* The children that wait. procspawn_call_with() returns when the process of its call is gone. */
static struct calls_tree waiting;

static bool is_waiting(pid_t pid)
{
    for (unsigned i = 0; i < waiting.count; i++) {
        if (waiting.pid[i] == pid)
            return true;
    }
    return false;
}

/* Keeps those that have a filter. */
static void look(void)
{
    unsigned kept = 0;

    waiting.count = 0;
    calls_tree_open(&waiting, getpid());
    for (unsigned i = 0; i < waiting.count; i++) {
        close(waiting.fd[i]);
        if (calls_status(waiting.pid[i], "Seccomp:") == 2)
            waiting.pid[kept++] = waiting.pid[i];
    }
    waiting.count = kept;
}

/* A call leaves a child that waits, if there is a second spare just then. */
static void leave_one(void)
{
    const int64_t patience = CALLS_SECOND / 3;
    const struct procspawn_call_options options = { .builder = sandbox_builder };
    const int64_t end = calls_now() + 30 * CALLS_SECOND;
    struct procspawn_result result;

    waiting.count = 0;
    while (waiting.count == 0 && calls_now() < end) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, calls_pid, NULL, &result), 0);
        procspawn_result_fini(&result);
        const int64_t soon = calls_now() + patience;
        while (waiting.count == 0 && calls_now() < soon)
            look();
    }
    CU_ASSERT_FATAL(waiting.count > 0);
}

static pid_t call_pid(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder };
    struct procspawn_result result;
    pid_t pid;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, calls_pid, NULL, &result), 0);
    pid = (pid_t)json_integer_value(result.value);
    procspawn_result_fini(&result);
    return pid;
}

static void the_next_call_takes_the_child_that_waits(void)
{
    for (int i = 0; i < 5; i++) {
        leave_one();
        CU_ASSERT(is_waiting(call_pid()));
    }
}

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static void its_sandbox_is_that_of_any_call(void)
{
    leave_one();
    procspawn_error *error = calls_error(calls_build(sandbox_builder, opens, NULL));
    CU_ASSERT(procspawn_error_is_violation(error));
    procspawn_error_free(error);
}

/* ---- what comes with the call ---- */

static json_t *variable(json_t *name)
{
    const char *value = getenv(json_string_value(name));
    return value ? json_string(value) : json_null();
}

static void it_has_the_environment_of_the_call(void)
{
    procspawn_handle *handle;

    leave_one();
    setenv("COMES_LATE", "yes", 1);
    handle = calls_build(sandbox_builder, variable, json_string("COMES_LATE"));
    CU_ASSERT(is_waiting(procspawn_pid(handle)));
    json_t *value = calls_result(handle);
    calls_check_text(value, "yes");
    unsetenv("COMES_LATE");
}

static json_t *prints(json_t *unused)
{
    printf("printed\n");
    return json_incref(unused);
}

static void it_has_the_streams_of_the_call(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder,
                                                    .capture_limit = 100 };
    struct procspawn_result result;

    leave_one();
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, prints, NULL, &result), 0);
    CU_ASSERT(result.out.size == 8 && memcmp(result.out.data, "printed\n", 8) == 0);
    procspawn_result_fini(&result);
}

static void it_serves_one_call(void)
{
    leave_one();
    pid_t pid = call_pid();
    CU_ASSERT(is_waiting(pid));
    CU_ASSERT(call_pid() != pid);
}

/* ---- calls that differ ---- */

static json_t *file_limit(json_t *unused)
{
    struct rlimit limit;

    (void)unused;
    getrlimit(RLIMIT_NOFILE, &limit);
    return json_integer((json_int_t)limit.rlim_cur);
}

static void another_limit_has_another_child(void)
{
    const struct rlimit few = { 77, 77 };

    leave_one();
    procspawn_builder_rlimit(sandbox_builder, RLIMIT_NOFILE, &few);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, file_limit, NULL)), 77);
}

static json_t *mask(json_t *path)
{
    struct stat status;
    int fd = open(json_string_value(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0777);

    return json_integer(fd >= 0 && fstat(fd, &status) == 0 ? (json_int_t)(status.st_mode & 0777)
                                                           : -errno);
}

static void another_umask_has_another_child(void)
{
    mode_t before = umask(022);
    char directory[] = "/tmp/sandbox-XXXXXX", path[64];

    CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/mask", directory);
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(sandbox_builder, directory,
                           PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);
    leave_one();
    umask(0077);
    PROCSPAWN_CUNIT_EQUAL(
        calls_integer(calls_build(sandbox_builder, mask, json_string(path))), 0700);
    umask(before);
    unlink(path);
    rmdir(directory);
}

static json_t *opens_and_tells(json_t *path)
{
    int fd = open(json_string_value(path), O_RDONLY | O_CLOEXEC);
    return json_integer(fd < 0 ? errno : 0);
}

static void another_path_has_another_child(void)
{
    procspawn_builder *other = procspawn_builder_new();

    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(sandbox_builder, "/etc", PROCSPAWN_PATH_READ);
    procspawn_builder_sandbox(other, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(other, "/usr", PROCSPAWN_PATH_READ);
    leave_one();
    json_t *name = json_string("/etc/passwd");
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(other, opens_and_tells, json_incref(name))),
                          EACCES);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, opens_and_tells, name)), 0);
    procspawn_builder_free(other);
}

/* The path is the same, and leads elsewhere. */
static void a_path_that_was_made_anew_has_another_child(void)
{
    char directory[] = "/tmp/sandbox-XXXXXX", old[] = "/tmp/sandbox-XXXXXX";
    struct stat made, before;

    CU_ASSERT_FATAL(mkdtemp(directory) && mkdtemp(old));
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(sandbox_builder, directory, PROCSPAWN_PATH_READ);
    leave_one();
    stat(directory, &before);
    PROCSPAWN_CUNIT_EQUAL(rename(directory, old), 0);
    PROCSPAWN_CUNIT_EQUAL(mkdir(directory, 0700), 0);
    stat(directory, &made);
    CU_ASSERT(made.st_ino != before.st_ino);
    procspawn_handle *handle = calls_build(sandbox_builder, opens_and_tells,
                                           json_string(directory));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 0);
    handle = calls_build(sandbox_builder, opens_and_tells, json_string(old));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), EACCES);
    rmdir(directory);
    rmdir(old);
}

static void another_denial_has_another_child(void)
{
    leave_one();
    procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_FAIL);
    procspawn_handle *handle = calls_build(sandbox_builder, opens_and_tells,
                                           json_string("/etc/passwd"));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), EPERM);
}

static json_t *user(json_t *unused)
{
    (void)unused;
    return json_integer(geteuid());
}

static void a_caller_that_gave_up_rights_has_another_child(void)
{
    leave_one();
    if (geteuid() == 0)
        become(SOMEBODY);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, user, NULL)), geteuid());
}

static json_t *calls_made;

static int counts(void *unused)
{
    (void)unused;
    calls_made = json_integer(1);
    return 0;
}

static json_t *was_counted(json_t *unused)
{
    (void)unused;
    return json_integer(calls_made != NULL);
}

static void a_call_with_a_hook_is_not_prepared(void)
{
    leave_one();
    procspawn_builder_hook(sandbox_builder, counts, NULL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, was_counted, NULL)), 1);
}

/* ---- ends ---- */

static void one_that_is_not_taken_ends(void)
{
    leave_one();
    for (unsigned i = 0; i < waiting.count; i++)
        CU_ASSERT(pool_await_death(waiting.pid[i]));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, file_limit, NULL)) > 0, 1);
}

static void one_that_was_killed_costs_no_call(void)
{
    for (int i = 0; i < 20; i++) {
        leave_one();
        kill(waiting.pid[0], SIGKILL);
        CU_ASSERT(call_pid() > 0);
    }
}

/* A program that forks and goes on in both: the copy has no calls, and ends nothing. */
static void a_copy_of_the_program_does_not_take_it(void)
{
    leave_one();
    int status = 1;
    pid_t copy = fork();

    if (copy == 0) {
        procspawn_handle *handle;
        _exit(procspawn_builder_spawn(sandbox_builder, calls_pid, NULL, &handle) ==
              PROCSPAWN_ENOTINIT ? 0 : 1);
    }
    PROCSPAWN_CUNIT_EQUAL(waitpid(copy, &status, 0), copy);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    CU_ASSERT(is_waiting(call_pid()));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_next_call_takes_the_child_that_waits),
    TEST(its_sandbox_is_that_of_any_call),
    TEST(it_has_the_environment_of_the_call),
    TEST(it_has_the_streams_of_the_call),
    TEST(it_serves_one_call),
    TEST(another_limit_has_another_child),
    TEST(another_umask_has_another_child),
    TEST(another_path_has_another_child),
    TEST(a_path_that_was_made_anew_has_another_child),
    TEST(another_denial_has_another_child),
    TEST(a_caller_that_gave_up_rights_has_another_child),
    TEST(a_call_with_a_hook_is_not_prepared),
    TEST(one_that_is_not_taken_ends),
    TEST(one_that_was_killed_costs_no_call),
    TEST(a_copy_of_the_program_does_not_take_it),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("prepared children", tests),
    CU_SUITE_INFO_NULL,
};

/* A child is prepared only of a spare. */
int main(int argc, char **argv)
{
    unsetenv("CALLS_SPARES");
    return procspawn_cunit_run(suites, argc, argv);
}
