/*
 * absent_test.c - a library that was built without libseccomp: no call has less protection than it
 * asked for
 */
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void each_profile_says_what_is_missing(void)
{
    CU_ASSERT(procspawn_sandbox_missing(PROCSPAWN_SANDBOX_NONE) == NULL);
    for (int i = PROCSPAWN_SANDBOX_COMPUTE; i <= PROCSPAWN_SANDBOX_NETWORK; i++) {
        const char *missing = procspawn_sandbox_missing((enum procspawn_sandbox)i);
        CU_ASSERT_FATAL(missing != NULL);
        CU_ASSERT(strstr(missing, "without libseccomp") != NULL);
    }
}

static void calls_are_not_made(void)
{
    for (int i = PROCSPAWN_SANDBOX_COMPUTE; i <= PROCSPAWN_SANDBOX_NETWORK; i++) {
        procspawn_builder_sandbox(sandbox_builder, (enum procspawn_sandbox)i);
        sandbox_check_setup(calls_echo, "without libseccomp");
    }
}

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
}

static void what_landlock_can_is_left_on_request(void)
{
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    sandbox_check_integer(opens, EACCES);
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    sandbox_check_integer(opens, EACCES);
    procspawn_builder_path(sandbox_builder, "/etc/passwd", PROCSPAWN_PATH_READ);
    sandbox_check_integer(opens, 0);
}

static json_t *enters(json_t *unused)
{
    (void)unused;
    return json_integer(procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE, 0));
}

static void a_function_cannot_enter(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(enters, NULL)), -ENOSYS);
}

static void calls_without_a_sandbox_are_made(void)
{
    calls_check_work(3);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(each_profile_says_what_is_missing),
    TEST(calls_are_not_made),
    TEST(what_landlock_can_is_left_on_request),
    TEST(a_function_cannot_enter),
    TEST(calls_without_a_sandbox_are_made),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("sandboxes of a library without them", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
