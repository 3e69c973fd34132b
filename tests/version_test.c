#include <CUnit/CUnit.h>
#include <stdio.h>

#include <forkscope.h>

static void version_is_the_one_of_the_header(void)
{
    char from_numbers[32];

    snprintf(from_numbers, sizeof from_numbers, "%d.%d.%d", FORKSCOPE_VERSION_MAJOR,
             FORKSCOPE_VERSION_MINOR, FORKSCOPE_VERSION_PATCH);
    CU_ASSERT_STRING_EQUAL(forkscope_version(), from_numbers);
    CU_ASSERT_STRING_EQUAL(forkscope_version(), FORKSCOPE_VERSION);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("version", NULL, NULL);
    if (suite == NULL ||
        CU_add_test(suite, "version_is_the_one_of_the_header", version_is_the_one_of_the_header) == NULL)
        return 1;

    CU_run_all_tests();
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed = CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    printf("%u passed, %u failed\n", run - failed, failed);
    return run == 0 || failed != 0;
}
