/*
 * 50_cunit.c - CUnit tests, each in a process of its own
 *
 * Shows procspawn_cunit_run with CUnit's own tables. The third test leaves by exit(), and the
 * fourth one runs all the same. A fixture that a test changes is whole again for the next test, as
 * that runs in another process. Prints what the runner says of each test; one failure is meant to
 * happen.
 */
#include <forkscope/cunit.h>
#include <stdlib.h>

static int counter;

static void counts_from_zero(void)
{
    CU_ASSERT_EQUAL(counter++, 0);
}

static void counts_from_zero_again(void)
{
    CU_ASSERT_EQUAL(counter++, 0);
}

static void leaves_early(void)
{
    CU_PASS("about to leave");
    exit(3);
}

static void runs_all_the_same(void)
{
    PROCSPAWN_CUNIT_EQUAL(2 + 2, 4);
}

static CU_TestInfo tests[] = {
    { "counts_from_zero", counts_from_zero },
    { "counts_from_zero_again", counts_from_zero_again },
    { "leaves_early", leaves_early },
    { "runs_all_the_same", runs_all_the_same },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "isolation", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv) == 1 ? 0 : 1;
}
