/*
 * One registered test, with what its suite runs around it, and what became of it.
 */
#ifndef SRC_CUNIT_CASE_H
#define SRC_CUNIT_CASE_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <stdint.h>

struct test_case {
    CU_pSuite suite; /* borrowed from CUnit's registry */
    CU_pTest test;
    CU_BOOL active, chosen; /* as registered; in this run */
    CU_InitializeFunc init; /* these five are taken out of the registry during the run: */
    CU_CleanupFunc cleanup; /* they belong in the test's process, not in the runner */
    CU_SetUpFunc set_up;
    CU_TearDownFunc tear_down;
    CU_TestFunc function;
};

struct failure {
    char *file; /* new; "" for none */
    unsigned line;
    char *text; /* new */
};

struct result {
    struct failure *failures; /* new; `count` of them */
    size_t count;
    unsigned assertions;
    char *details; /* new, or NULL: stacks, as indented lines */
    int64_t ns;    /* how long it took */
};

/* What holds for every test of a run. */
struct run_settings {
    int64_t limit; /* nanoseconds, multiplied already */
    double factor;
    unsigned allowed;
    void (*setup)(void);
    void (*teardown)(void);
};

/* Copies both strings. Aborts without memory: a runner that cannot note a failure must not say that
 * all is well. */
void procspawn__cunit_result_fail(struct result *result, const char *file, unsigned line,
                                  const char *text);
void procspawn__cunit_result_clear(struct result *result);

/* Runs the test in this process, which was forked for it and ends here. */
_Noreturn void procspawn__cunit_child(const struct test_case *test_case,
                                      const struct run_settings *settings);

/* Forks, waits, judges. */
void procspawn__cunit_watch(const struct test_case *test_case, const struct run_settings *settings,
                            struct result *ret_result);

#endif
