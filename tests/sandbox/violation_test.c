/*
 * violation_test.c - denied system calls end the call, and what is told of them
 */
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static void a_printed_violation_says_once_what_was_denied(void)
{
    struct procspawn_result result;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    CU_ASSERT_FATAL(stream != NULL);
    sandbox_call(SANDBOX_CALL, opens, json_null(), &result);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(result.error, stream), 0);
    fclose(stream);
    static const char line[] = "remote_close: sandbox violation: "
                               "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY)\n";
    CU_ASSERT(strncmp(text, line, strlen(line)) == 0);
    free(text);
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

/* ---- violations without a name ---- */

static json_t *opens_with_sigsys_blocked(json_t *unused)
{
    sigset_t all;

    (void)unused;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    return json_integer(open("/etc/passwd", O_RDONLY));
}

#ifdef __x86_64__
static json_t *uses_the_table_of_x32(json_t *unused)
{
    (void)unused;
    return json_integer(syscall(0x40000000 + SYS_getpid));
}

/* getpid of the 32-bit table */
static json_t *uses_the_table_of_32_bits(json_t *unused)
{
    long result;

    (void)unused;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(20L) : "memory");
    return json_integer(result);
}
#endif

static void check_nameless(procspawn_function *function)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, function, json_null(), &result);
        PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
        CU_ASSERT_FATAL(result.error != NULL);
        CU_ASSERT(procspawn_error_is_violation(result.error));
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(result.error), SIGSYS);
        CU_ASSERT(procspawn_error_syscall(result.error) == NULL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_syscall_number(result.error), -1);
        procspawn_result_fini(&result);
    }
}

static void a_violation_that_is_not_reported_is_one(void)
{
    check_nameless(opens_with_sigsys_blocked);
}

static void foreign_tables_of_system_calls_end_the_call(void)
{
#ifdef __x86_64__
    check_nameless(uses_the_table_of_x32);
    check_nameless(uses_the_table_of_32_bits);
#endif
    procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_FAIL);
#ifdef __x86_64__
    check_nameless(uses_the_table_of_32_bits);
#endif
    CU_PASS("no foreign table");
}

static void return_from(int signal)
{
    (void)signal;
}

static json_t *opens_with_a_handler_of_its_own(json_t *unused)
{
    (void)unused;
    signal(SIGSYS, return_from);
    return json_integer(open("/etc/passwd", O_RDONLY) == SYS_openat ? -1 : 0);
}

static void a_handler_of_its_own_lets_nothing_through(void)
{
    sandbox_check_integer(opens_with_a_handler_of_its_own, -1);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_open_is_a_violation_with_its_path),
    TEST(other_processes_files_and_networks_are_violations),
    TEST(executable_memory_is_a_violation),
    TEST(a_violation_has_its_numbers_and_its_json),
    TEST(a_printed_violation_says_once_what_was_denied),
    TEST(other_errors_are_no_violations),
    TEST(a_violation_that_is_not_reported_is_one),
    TEST(foreign_tables_of_system_calls_end_the_call),
    TEST(a_handler_of_its_own_lets_nothing_through),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("violations", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
