/*
 * places_test.c - reports of programs that run somewhere else, or as somebody else: without
 * privileges, in a user namespace of their own, below another root directory
 *
 * A crash must have its frames there too, and an assertion its text.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/confinement_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/report_helpers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static volatile int *volatile nowhere;

static FRAME void write_to_null(void)
{
    *nowhere = 1;
}

static FRAME void fail_an_assertion(void)
{
    assert(nowhere != NULL);
}

static json_t *dies_by_null(json_t *argument)
{
    write_to_null();
    return argument;
}

static json_t *dies_by_an_assertion(json_t *argument)
{
    fail_an_assertion();
    return argument;
}

static void check_reports(void)
{
    procspawn_error *error;

    calls_begin();
    error = report_silent_error(dies_by_null);
    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    CU_ASSERT(strstr(procspawn_error_reason(error), "null pointer") != NULL);
    CU_ASSERT(report_has_symbol(error, "write_to_null"));
    procspawn_error_free(error);
    error = report_silent_error(dies_by_an_assertion);
    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_ASSERT);
    CU_ASSERT(strstr(procspawn_error_message(error), "`nowhere != NULL'") != NULL);
    CU_ASSERT(report_has_symbol(error, "fail_an_assertion"));
    procspawn_error_free(error);
    calls_end();
}

/* ---- the places ---- */

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    CU_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void be_nobody(void)
{
    if (geteuid() != 0)
        return;
    CU_ASSERT(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
              setresuid(NOBODY, NOBODY, NOBODY) == 0);
    /* A change of ids makes it undumpable. As after execve(2), it is not. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void report_as_nobody(void)
{
    be_nobody();
    check_reports();
}

static void a_report_needs_no_privileges(void)
{
    confinement_in_process(report_as_nobody);
}

static void report_undumpable(void)
{
    procspawn_error *error;

    be_nobody();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    calls_begin();
    error = report_silent_error(dies_by_null);
    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    procspawn_error_free(error);
    error = report_silent_error(dies_by_an_assertion);
    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGABRT);
    procspawn_error_free(error);
    calls_end();
}

/* Nobody but root may read it then, not even its own user. */
static void an_undumpable_program_learns_of_deaths(void)
{
    confinement_in_process(report_undumpable);
}

static void report_in_a_user_namespace(void)
{
    char map[32];

    be_nobody();
    snprintf(map, sizeof map, "0 %d 1", (int)getuid());
    if (unshare(CLONE_NEWUSER) != 0) {
        printf("  no user namespaces here: %s\n", strerror(errno));
        CU_PASS("not here");
        return;
    }
    put("/proc/self/uid_map", map);
    check_reports();
}

static void a_report_in_a_user_namespace_is_as_ever(void)
{
    confinement_in_process(report_in_a_user_namespace);
}

/* ---- below another root directory, with what was loaded before, and with nothing ---- */

static char directory[32];

static int enter(void *path)
{
    return chroot(path) == 0 && chdir("/") == 0 ? 0 : -errno;
}

static void report_in_a_jail(void)
{
    char proc[64];

    snprintf(proc, sizeof proc, "%s/proc", directory);
    CU_ASSERT_FATAL(unshare(CLONE_NEWNS) == 0 &&
                    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                    mount("tmpfs", directory, "tmpfs", 0, NULL) == 0 && mkdir(proc, 0755) == 0 &&
                    mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL) == 0);
    CU_ASSERT_EQUAL_FATAL(enter(directory), 0);
    check_reports();
}

static void in_process_with_directory(void (*part)(void))
{
    strcpy(directory, "/tmp/forkscope-root-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
    confinement_in_process(part);
    CU_ASSERT_EQUAL(rmdir(directory), 0);
}

static void a_report_below_another_root_directory_is_as_ever(void)
{
    in_process_with_directory(report_in_a_jail);
}

static void report_of_a_child_in_a_jail(void)
{
    procspawn_error *error;

    calls_begin();
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    procspawn_builder_rlimit(builder, RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    procspawn_builder_hook(builder, enter, directory);
    CU_ASSERT_EQUAL_FATAL(procspawn_builder_spawn(builder, dies_by_null, NULL, &handle), 0);
    procspawn_builder_free(builder);
    error = calls_error(handle);
    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    CU_ASSERT(report_has_symbol(error, "write_to_null"));
    procspawn_error_free(error);
    calls_end();
}

static void a_report_of_a_child_below_another_root_directory_is_as_ever(void)
{
    in_process_with_directory(report_of_a_child_in_a_jail);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_report_needs_no_privileges),
    TEST(an_undumpable_program_learns_of_deaths),
    TEST(a_report_in_a_user_namespace_is_as_ever),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo root_tests[] = {
    TEST(a_report_below_another_root_directory_is_as_ever),
    TEST(a_report_of_a_child_below_another_root_directory_is_as_ever),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[3] = {
    { .pName = "places", .pTests = tests },
};

/* Another root directory needs root. */
int main(int argc, char **argv)
{
    if (geteuid() == 0)
        suites[1] = (CU_SuiteInfo){ .pName = "places_of_root", .pTests = root_tests };
    return procspawn_cunit_run(suites, argc, argv);
}
