/*
 * old_kernels_test.c - sandboxes on kernels whose Landlock is older
 */
#include "tests/support/old_landlock.h"
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static json_t *opens(json_t *unused)
{
    (void)unused;
    if (open("/usr/include/stdio.h", O_RDONLY | O_CLOEXEC) < 0)
        return json_integer(-errno);
    return json_integer(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
}

static void begin(int version)
{
    old_landlock_begin(version);
    sandbox_begin();
    procspawn_builder_path(sandbox_builder, "/usr/include", PROCSPAWN_PATH_READ);
}

static void end(void)
{
    sandbox_end();
    old_landlock_end();
}

static void check_missing(enum procspawn_sandbox profile, const char *text)
{
    const char *missing = procspawn_sandbox_missing(profile);

    CU_ASSERT_FATAL(missing != NULL);
    CU_ASSERT(strstr(missing, text) != NULL);
    procspawn_builder_sandbox(sandbox_builder, profile);
    sandbox_check_setup(opens, text);
}

/* The paths hold with each profile that the version has. */
static void check_works(enum procspawn_sandbox profile)
{
    CU_ASSERT(procspawn_sandbox_missing(profile) == NULL);
    procspawn_builder_sandbox(sandbox_builder, profile);
    sandbox_check_integer(opens, EACCES);
}

static void check_partial(enum procspawn_sandbox profile)
{
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    procspawn_builder_sandbox(sandbox_builder, profile);
    sandbox_check_integer(opens, EACCES);
}

static void check_has_no_files(int version)
{
    begin(version);
    CU_ASSERT(procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE) == NULL);
    check_missing(PROCSPAWN_SANDBOX_FILES, "Linux 6.2 can");
    check_missing(PROCSPAWN_SANDBOX_NETWORK, "Linux 6.2 can");
    check_partial(PROCSPAWN_SANDBOX_FILES);
    check_partial(PROCSPAWN_SANDBOX_NETWORK);
    end();
}

static void version_1_has_no_files(void)
{
    check_has_no_files(1);
}

static void version_2_has_no_files(void)
{
    check_has_no_files(2);
}

static void version_3_has_files_and_no_ports(void)
{
    begin(3);
    check_works(PROCSPAWN_SANDBOX_FILES);
    check_missing(PROCSPAWN_SANDBOX_NETWORK, "Linux 6.7 can");
    check_partial(PROCSPAWN_SANDBOX_NETWORK);
    end();
}

static void check_has_all(int version)
{
    begin(version);
    check_works(PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_port(sandbox_builder, 9, false);
    check_works(PROCSPAWN_SANDBOX_NETWORK);
    end();
}

static void version_4_has_all_profiles(void)
{
    check_has_all(4);
}

static void version_5_has_all_profiles(void)
{
    check_has_all(5);
}

static void version_6_has_all_profiles(void)
{
    check_has_all(6);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(version_1_has_no_files),
    TEST(version_2_has_no_files),
    TEST(version_3_has_files_and_no_ports),
    TEST(version_4_has_all_profiles),
    TEST(version_5_has_all_profiles),
    TEST(version_6_has_all_profiles),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "older Landlock", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
