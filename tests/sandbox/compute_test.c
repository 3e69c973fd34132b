/*
 * compute_test.c - profile COMPUTE: what goes on, what is a violation, and what is told of it
 */
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- violations ---- */

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY));
}

static json_t *signals_its_server(json_t *unused)
{
    (void)unused;
    return json_integer(kill(getppid(), 0));
}

static json_t *makes_a_socket(json_t *unused)
{
    (void)unused;
    return json_integer(socket(AF_INET, SOCK_STREAM, 0));
}

static json_t *makes_a_pair_of_datagram_sockets(json_t *unused)
{
    int ends[2];

    (void)unused;
    return json_integer(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
}

static json_t *maps_executable_memory(json_t *unused)
{
    (void)unused;
    return json_boolean(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static json_t *executes(json_t *unused)
{
    (void)unused;
    return json_integer(execl("/bin/true", "true", NULL));
}

static json_t *looks_at_a_file_as_fstat_does(json_t *unused)
{
    struct stat status;

    (void)unused;
    return json_integer(fstatat(AT_FDCWD, "/etc/shadow", &status, AT_EMPTY_PATH));
}

static void an_open_is_a_violation_with_its_path(void)
{
    sandbox_check_violation(opens, "openat",
                            "sandbox violation: openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY)");
}

static void other_processes_files_and_networks_are_violations(void)
{
    sandbox_check_violation(signals_its_server, "kill", NULL);
    sandbox_check_violation(makes_a_socket, "socket",
                            "sandbox violation: socket(AF_INET, SOCK_STREAM, 0)");
    sandbox_check_violation(makes_a_pair_of_datagram_sockets, "socketpair", NULL);
    sandbox_check_violation(executes, "execve", NULL);
    sandbox_check_violation(looks_at_a_file_as_fstat_does, "newfstatat", NULL);
}

static void executable_memory_is_a_violation(void)
{
    sandbox_check_violation(maps_executable_memory, "mmap",
                            "sandbox violation: mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, "
                            "0x22, -1, 0)");
}

static void a_violation_has_its_numbers_and_its_json(void)
{
    struct procspawn_result result;
    uint64_t value = 0;

    sandbox_call(SANDBOX_CALL, opens, json_null(), &result);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_number(result.error), SYS_openat);
    CU_ASSERT_STRING_EQUAL(procspawn_error_path(result.error), "/etc/passwd");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_argument(result.error, 0, &value), 0);
    PROCSPAWN_CUNIT_EQUAL((int)value, AT_FDCWD);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_argument(result.error, 6, &value), -EINVAL);
    json_t *json = procspawn_error_json(result.error);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "cause")), "sandbox");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "syscall")), "openat");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "path")), "/etc/passwd");
    PROCSPAWN_CUNIT_EQUAL(json_array_size(json_object_get(json, "syscall_arguments")), 6);
    json_decref(json);
    procspawn_result_fini(&result);
}

static void other_errors_are_no_violations(void)
{
    procspawn_error *error = NULL;
    uint64_t value = 1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call((procspawn_function *)abort, NULL, NULL, &error),
                          PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT(!procspawn_error_is_violation(error));
    CU_ASSERT(procspawn_error_syscall(error) == NULL && procspawn_error_path(error) == NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_number(error), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_argument(error, 0, &value), 0);
    PROCSPAWN_CUNIT_EQUAL(value, 0);
    procspawn_error_free(error);
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
    TEST(an_open_is_a_violation_with_its_path),
    TEST(other_processes_files_and_networks_are_violations),
    TEST(executable_memory_is_a_violation),
    TEST(a_violation_has_its_numbers_and_its_json),
    TEST(other_errors_are_no_violations),
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
