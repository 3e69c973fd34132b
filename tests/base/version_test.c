/*
 * version_test.c - the version of the library and of its header
 */
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <stdio.h>

static void version_is_the_one_of_the_header(void)
{
    char from_numbers[32];

    snprintf(from_numbers, sizeof from_numbers, "%d.%d.%d", FORKSCOPE_VERSION_MAJOR,
             FORKSCOPE_VERSION_MINOR, FORKSCOPE_VERSION_PATCH);
    CU_ASSERT_STRING_EQUAL(forkscope_version(), from_numbers);
    CU_ASSERT_STRING_EQUAL(forkscope_version(), FORKSCOPE_VERSION);
}

static CU_TestInfo tests[] = {
    { "version_is_the_one_of_the_header", version_is_the_one_of_the_header },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "version", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
