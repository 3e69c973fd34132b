/*
 * runner.c - the run: options, the walk through the registry, the report
 *
 * CUnit walks its registry as usual, but each test function in it is replaced by run_current_case,
 * which runs the test in a process of its own and passes its failures on to CUnit.
 */
#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "src/cunit/case.h"
#include "src/cunit/clock.h"
#include "src/cunit/crash.h"
#include "src/cunit/interrupt.h"
#include "src/cunit/junit.h"
#include "src/cunit/mailbox.h"
#include "src/cunit/options.h"
#include "src/cunit/report.h"
#include "src/cunit/result.h"
#include "src/cunit/watch.h"

#include <forkscope/cunit.h>
#undef CU_assertImplementation

enum { PASSED = 0, FAILED = 1, NOTHING_RAN = 2 };

static struct run_settings settings = { .limit = 60 * CUNIT_SECOND, .factor = 1 };

static struct {
    struct test_case *cases;
    size_t count;
    struct junit junit;
    unsigned long passed, failed;
} run;

void procspawn_cunit_setup(void (*call)(void))
{
    settings.setup = call;
}

void procspawn_cunit_teardown(void (*call)(void))
{
    settings.teardown = call;
}

void procspawn_cunit_allow(unsigned kinds)
{
    if (procspawn__cunit_mailbox)
        atomic_fetch_or(&procspawn__cunit_mailbox->allowed, kinds);
    else
        settings.allowed |= kinds;
}

void procspawn_cunit_time_limit(int64_t ns)
{
    int64_t limit = (int64_t)((double)ns * settings.factor);

    if (procspawn__cunit_mailbox)
        atomic_store(&procspawn__cunit_mailbox->deadline, procspawn__cunit_now() + limit);
    else
        settings.limit = ns;
}

static const struct test_case *current_case(void)
{
    for (size_t i = 0; i < run.count; i++)
        if (run.cases[i].test == CU_get_current_test())
            return &run.cases[i];
    return NULL;
}

static void pass_on_to_cunit(const struct result *result)
{
    CU_get_run_summary()->nAsserts += result->assertions;
    for (size_t i = 0; i < result->count; i++) {
        const struct failure *failure = &result->failures[i];

        CU_assertImplementation(CU_FALSE, failure->line, failure->text, failure->file, "",
                                CU_FALSE);
    }
}

static void report(const struct test_case *test_case, const struct result *result)
{
    if (result->count)
        run.failed++;
    else
        run.passed++;
    procspawn__cunit_report_case(test_case, result);
    procspawn__cunit_junit_case(&run.junit, test_case, result);
}

static void run_current_case(void)
{
    const struct test_case *test_case = current_case();
    struct result result = { 0 };

    if (!test_case || procspawn__cunit_interrupted())
        return;
    procspawn__cunit_watch(test_case, &settings, &result);
    pass_on_to_cunit(&result);
    report(test_case, &result);
    procspawn__cunit_result_clear(&result);
}

/* With --no-fork CUnit calls the tests itself; only its failures are reported. */
static void report_unforked(const CU_pTest test, const CU_pSuite suite,
                            const CU_pFailureRecord failures)
{
    struct result result = { 0 };

    (void)test;
    (void)suite;
    for (CU_pFailureRecord failure = failures; failure; failure = failure->pNext)
        procspawn__cunit_result_fail(&result, failure->strFileName, failure->uiLineNumber,
                                     failure->strCondition);
    report(current_case(), &result);
    procspawn__cunit_result_clear(&result);
}

static size_t count_chosen(void)
{
    size_t chosen = 0;

    for (size_t i = 0; i < run.count; i++)
        chosen += run.cases[i].chosen;
    return chosen;
}

static bool collect_cases(const struct options *options)
{
    CU_pTestRegistry registry = CU_get_registry();

    run.cases = calloc((registry ? registry->uiNumberOfTests : 0) + 1, sizeof(*run.cases));
    if (!run.cases || !registry)
        return false;
    for (CU_pSuite suite = registry->pSuite; suite; suite = suite->pNext) {
        for (CU_pTest test = suite->pTest; test; test = test->pNext) {
            run.cases[run.count++] = (struct test_case){
                .suite = suite,
                .test = test,
                .active = test->fActive,
                .chosen = suite->fActive && test->fActive &&
                          procspawn__cunit_options_match(options, suite->pName, test->pName),
                .init = suite->pInitializeFunc,
                .cleanup = suite->pCleanupFunc,
                .set_up = suite->pSetUpFunc,
                .tear_down = suite->pTearDownFunc,
                .function = test->pTestFunc,
            };
        }
    }
    return true;
}

/* CUnit runs active tests, so a test that was not chosen is inactive during the run. */
static void enter_registry(bool fork_each)
{
    for (size_t i = 0; i < run.count; i++) {
        struct test_case *test_case = &run.cases[i];

        test_case->test->fActive = test_case->chosen;
        if (!fork_each)
            continue;
        test_case->test->pTestFunc = run_current_case;
        test_case->suite->pInitializeFunc = NULL;
        test_case->suite->pCleanupFunc = NULL;
        test_case->suite->pSetUpFunc = NULL;
        test_case->suite->pTearDownFunc = NULL;
    }
}

static void leave_registry(void)
{
    for (size_t i = 0; i < run.count; i++) {
        struct test_case *test_case = &run.cases[i];

        test_case->test->fActive = test_case->active;
        test_case->test->pTestFunc = test_case->function;
        test_case->suite->pInitializeFunc = test_case->init;
        test_case->suite->pCleanupFunc = test_case->cleanup;
        test_case->suite->pSetUpFunc = test_case->set_up;
        test_case->suite->pTearDownFunc = test_case->tear_down;
    }
}

static void list_cases(void)
{
    for (size_t i = 0; i < run.count; i++)
        if (run.cases[i].chosen)
            printf("%s/%s\n", run.cases[i].suite->pName, run.cases[i].test->pName);
}

static void settle_limit(const struct options *options)
{
    const char *factor = getenv("PROCSPAWN_CUNIT_FACTOR");

    if (factor && strtod(factor, NULL) > 0)
        settings.factor = strtod(factor, NULL);
    if (options->limit >= 0)
        settings.limit = options->limit;
    settings.limit = (int64_t)((double)settings.limit * settings.factor);
}

static void run_all(const struct options *options)
{
    CU_BOOL fail_on_inactive = CU_get_fail_on_inactive();
    CU_TestCompleteMessageHandler handler = CU_get_test_complete_handler();

    CU_set_fail_on_inactive(CU_FALSE);
    CU_set_test_complete_handler(options->no_fork ? report_unforked : NULL);
    enter_registry(!options->no_fork);
    for (long i = 0; i < options->repeat && !procspawn__cunit_interrupted(); i++)
        CU_run_all_tests();
    leave_registry();
    CU_set_test_complete_handler(handler);
    CU_set_fail_on_inactive(fail_on_inactive);
}

static int run_and_report(const struct options *options)
{
    int rc = procspawn__cunit_junit_begin(&run.junit, options->junit);

    if (rc == 0) {
        settle_limit(options);
        procspawn__cunit_crash_prepare();
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        procspawn__cunit_interrupt_begin();
        run_all(options);
        rc = procspawn__cunit_junit_end(&run.junit, run.passed, run.failed);
    }
    if (rc != 0)
        fprintf(stderr, "%s: %s\n", options->junit, strerror(-rc));
    procspawn__cunit_report_end(run.passed, run.failed);
    procspawn__cunit_interrupt_end();
    if (rc != 0 || run.passed + run.failed == 0)
        return NOTHING_RAN;
    return run.failed ? FAILED : PASSED;
}

int procspawn_cunit_main(int argc, char **argv)
{
    struct options options;
    int status = NOTHING_RAN;

    if (procspawn__cunit_options(argc, argv, &options) != 0)
        return NOTHING_RAN;
    memset(&run, 0, sizeof(run));
    if (!collect_cases(&options) || count_chosen() == 0) {
        fprintf(stderr, "no test to run\n");
    } else if (options.list) {
        list_cases();
        status = PASSED;
    } else {
        status = run_and_report(&options);
    }
    free(run.cases);
    run.cases = NULL;
    return status;
}

int procspawn_cunit_run(CU_SuiteInfo *suites, int argc, char **argv)
{
    int status = NOTHING_RAN;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
    else
        status = procspawn_cunit_main(argc, argv);
    CU_cleanup_registry();
    return status;
}
