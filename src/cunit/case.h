/*
 * case.h - one registered test, the functions that its suite runs around it, and its result
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

struct failure {
    char *file; /* new; "": none */
    unsigned line;
    char *text; /* new */
};

struct result {
    struct failure *failures; /* new; `count` of them */
    size_t count;
    unsigned assertions;
    char *details; /* new, or NULL: stacks, as indented lines */
    int64_t ns;    /* duration in nanoseconds */
};

/* Settings for every test of a run. */
struct run_settings {
    int64_t limit; /* nanoseconds; the factor is included */
    double factor;
    unsigned allowed;
    void (*setup)(void);
    void (*teardown)(void);
};

/*
 * Adds a failure; copies both strings. Aborts without memory: a runner that cannot record a failure
 * must not report success.
 */
void procspawn__cunit_result_fail(struct result *result, const char *file, unsigned line,
                                  const char *text);
void procspawn__cunit_result_clear(struct result *result);

/* Runs the test in this process, which was forked for it, and ends the process. */
_Noreturn void procspawn__cunit_child(const struct test_case *test_case,
                                      const struct run_settings *settings);

/* Runs the test in a process of its own, and returns its result. */
void procspawn__cunit_watch(const struct test_case *test_case, const struct run_settings *settings,
                            struct result *ret_result);

#endif
