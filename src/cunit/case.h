/*
 * case.h - one registered test, the functions that its suite runs around it, and how it is run
 */
#ifndef FORKSCOPE_CUNIT_CASE_H
#define FORKSCOPE_CUNIT_CASE_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <stdint.h>

struct test_case {
    CU_pSuite suite; /* borrowed from CUnit's registry */
    CU_pTest test;
    CU_BOOL active, chosen; /* as registered; in this run */
    CU_InitializeFunc init; /* this and the next four are not in the registry */
    CU_CleanupFunc cleanup; /* during the run: the test's process calls them */
    CU_SetUpFunc set_up;
    CU_TearDownFunc tear_down;
    CU_TestFunc function;
};

/* Settings for every test of a run. */
struct run_settings {
    int64_t limit; /* nanoseconds; the factor is included */
    double factor;
    unsigned allowed;
    void (*setup)(void);
    void (*teardown)(void);
};

#endif
