/*
 * Tests of CUnit, each in a process of its own, with a server that each
 * of them has. Prints a line for each test, and "2 passed, 0 failed".
 */
#include <forkscope/cunit.h>

static int served;

static void start_server(void)
{
    served = 1;
}

static void stop_server(void)
{
    served = 0;
}

static void the_server_runs(void)
{
    PROCSPAWN_CUNIT_EQUAL(served, 1);
    procspawn_cunit_equal(served, 1, "served == 1", __LINE__, __FILE__);
}

static void a_mapping_may_stay(void)
{
    procspawn_cunit_allow(PROCSPAWN_CUNIT_MAPPINGS);
    procspawn_cunit_time_limit(INT64_C(5000000000));
    procspawn_cunit_assert(CU_TRUE, __LINE__, "true", __FILE__, "",
                           CU_FALSE);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        { "the_server_runs", the_server_runs },
        { "a_mapping_may_stay", a_mapping_may_stay },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "server", .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    procspawn_cunit_setup(start_server);
    procspawn_cunit_teardown(stop_server);
    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    int status = procspawn_cunit_main(argc, argv);
    CU_cleanup_registry();
    return status;
}
