/*
 * compute_test.c - profile COMPUTE: what goes on, what fails, and the exceptions
 */
#include "tests/support/sandbox_helpers.h"
#include "tests/support/sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY));
}

/* ---- what fails, and the function goes on ---- */

static json_t *forks(json_t *unused)
{
    pid_t pid = fork();

    (void)unused;
    if (pid == 0)
        _exit(0);
    return json_integer(pid < 0 ? errno : 0);
}

static json_t *runs_a_shell(json_t *unused)
{
    (void)unused;
    return json_integer(WEXITSTATUS(system("true")));
}

static void *nothing(void *unused)
{
    return unused;
}

static json_t *starts_a_thread(json_t *unused)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);

    (void)unused;
    if (rc == 0)
        pthread_join(thread, NULL);
    return json_integer(rc);
}

static json_t *raises_a_limit(json_t *unused)
{
    struct rlimit limit;

    (void)unused;
    getrlimit(RLIMIT_NOFILE, &limit);
    return json_integer(setrlimit(RLIMIT_NOFILE, &limit) < 0 ? errno : 0);
}

static json_t *makes_its_stdout_nonblocking(json_t *unused)
{
    (void)unused;
    return json_integer(fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK) < 0 ? errno : 0);
}

static json_t *makes_a_call_of_the_future(json_t *unused)
{
    (void)unused;
    return json_integer(syscall(999) < 0 ? errno : 0);
}

static json_t *hides_its_memory(json_t *unused)
{
    (void)unused;
    return json_integer(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? errno : 0);
}

static void new_processes_and_threads_fail(void)
{
    sandbox_check_integer(forks, EPERM);
    sandbox_check_integer(runs_a_shell, 127);
    sandbox_check_integer(starts_a_thread, EPERM);
}

static void what_would_change_the_program_fails(void)
{
    sandbox_check_integer(raises_a_limit, EPERM);
    sandbox_check_integer(makes_its_stdout_nonblocking, EPERM);
    sandbox_check_integer(hides_its_memory, EINVAL);
}

static void system_calls_of_the_future_are_not_there(void)
{
    sandbox_check_integer(makes_a_call_of_the_future, ENOSYS);
}

static json_t *opens_and_tells(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY) < 0 ? errno : 0);
}

static json_t *looks_and_tells(json_t *unused)
{
    struct stat status;

    (void)unused;
    return json_integer(fstatat(AT_FDCWD, "/etc/shadow", &status, AT_EMPTY_PATH) < 0 ? errno : 0);
}

static void denied_calls_can_fail_instead(void)
{
    procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_FAIL);
    sandbox_check_integer(opens_and_tells, EPERM);
    sandbox_check_integer(looks_and_tells, EPERM);
    sandbox_check_integer(starts_a_thread, EPERM);
}

/* ---- exceptions ---- */

static json_t *maps_code(json_t *unused)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)unused;
    return json_integer(memory == MAP_FAILED ? errno : 0);
}

static void threads_can_be_allowed_and_processes_cannot(void)
{
    if (sanitizer_skips("its runtime asks for the processors of each new thread"))
        return;
    procspawn_builder_sandbox_allow(sandbox_builder, PROCSPAWN_ALLOW_THREADS);
    sandbox_check_integer(starts_a_thread, 0);
    sandbox_check_integer(forks, EPERM);
    sandbox_check_integer(runs_a_shell, 127);
    sandbox_check_violation(opens, "openat", NULL);
}

static void executable_memory_can_be_allowed(void)
{
    procspawn_builder_sandbox_allow(sandbox_builder, PROCSPAWN_ALLOW_CODE);
    sandbox_check_integer(maps_code, 0);
    sandbox_check_violation(opens, "openat", NULL);
}

/* ---- fstat ---- */

static json_t *looks_at_its_stdin(json_t *unused)
{
    struct stat status;

    (void)unused;
    if (fstat(STDIN_FILENO, &status) < 0)
        return json_integer(-1);
    if (fstatat(STDIN_FILENO, "", &status, AT_EMPTY_PATH) < 0)
        return json_integer(-2);
    return json_integer(S_ISCHR(status.st_mode) ? 0 : (json_int_t)status.st_mode);
}

static json_t *gives_fstat_a_bad_path(json_t *unused)
{
    struct stat status;
    long rc = syscall(SYS_newfstatat, STDIN_FILENO, 16, &status, AT_EMPTY_PATH);

    (void)unused;
    return json_integer(rc < 0 ? errno : 0);
}

static json_t *gives_fstat_a_bad_descriptor(json_t *unused)
{
    struct stat status;

    (void)unused;
    return json_integer(fstatat(1000, "", &status, AT_EMPTY_PATH) < 0 ? errno : 0);
}

static void descriptors_can_be_looked_at(void)
{
    procspawn_builder_stdin(sandbox_builder, PROCSPAWN_STDIO_NULL, -1);
    sandbox_check_integer(looks_at_its_stdin, 0);
    sandbox_check_integer(gives_fstat_a_bad_path, EFAULT);
    sandbox_check_integer(gives_fstat_a_bad_descriptor, EBADF);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(new_processes_and_threads_fail),
    TEST(what_would_change_the_program_fails),
    TEST(system_calls_of_the_future_are_not_there),
    TEST(denied_calls_can_fail_instead),
    TEST(threads_can_be_allowed_and_processes_cannot),
    TEST(executable_memory_can_be_allowed),
    TEST(descriptors_can_be_looked_at),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("compute", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
