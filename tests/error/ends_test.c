/*
 * ends_test.c - ends of processes that say by themselves what they are: exceptions, findings of
 * sanitizers, overflows of threads; and what a process used
 */
#include "src/crash/handler.h"
#include "src/crash/texts.h"
#include "tests/support/call_helpers.h"
#include "tests/support/report_helpers.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <forkscope/executor.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- the C++ library, as a plugin brings it ---- */

static void (*throw_out_of_range)(const char *text);
static void (*terminate)(void);

static void find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);

    memcpy(ret_function, &symbol, sizeof symbol);
}

static void begin_with_cxx(void)
{
    void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);

    CU_ASSERT_FATAL(library != NULL);
    find(library, "_ZSt20__throw_out_of_rangePKc", &throw_out_of_range);
    find(library, "_ZSt9terminatev", &terminate);
    calls_begin();
}

static void be_quiet(void)
{
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
}

static json_t *throws(json_t *argument)
{
    be_quiet();
    throw_out_of_range("line 7: bracket expected");
    return json_incref(argument);
}

static json_t *terminates(json_t *argument)
{
    be_quiet();
    terminate();
    return json_incref(argument);
}

static void an_uncaught_exception_is_told_with_its_class_and_text(void)
{
    procspawn_error *error = report_error(NULL, throws, NULL);

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error),
                           "uncaught exception std::out_of_range: line 7: bracket expected");
    CU_ASSERT_STRING_EQUAL(procspawn_error_type(error), "std::out_of_range");
    CU_ASSERT(report_has_symbol(error, "throws"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGABRT);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXCEPTION);
}

static void the_end_of_cxx_without_an_exception_is_told(void)
{
    procspawn_error *error = report_error(NULL, terminates, NULL);

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error),
                           "std::terminate() was called without an exception");
    CU_ASSERT_PTR_NULL(procspawn_error_type(error));
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXCEPTION);
}

/* ---- sanitizers: what their callbacks do ---- */

static json_t *ends_by_sanitizer(json_t *argument)
{
    crash__texts_by_sanitizer();
    crash__raise();
    _exit(argument ? 1 : 2);
}

static void a_finding_of_a_sanitizer_is_a_cause(void)
{
    procspawn_error *error = report_error(NULL, ends_by_sanitizer, NULL);

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "a sanitizer has ended the process");
    CU_ASSERT_PTR_NULL(procspawn_error_sanitizer(error));
    CU_ASSERT(report_has_symbol(error, "ends_by_sanitizer"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 1);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SANITIZER);
}

/* ---- overflows of threads ---- */

static int recurse_in_task(void *unused)
{
    (void)unused;
    return (int)report_recurse(~0UL);
}

static json_t *overflows_in_task(json_t *cached)
{
    struct scoped_executor *executor = scoped_thread_executor();
    scoped_spawner spawner;

    if (json_is_true(cached) && scoped_cached_executor_new(NULL, 1, 0, &executor) != 0)
        return NULL;
    scoped_spawner_open(executor, &spawner);
    scoped_spawn_leaf(spawner, recurse_in_task, NULL, NULL);
    scoped_close(spawner, SCOPED_FOREVER, NULL);
    return NULL;
}

static void the_overflow_of_a_task_is_told_as_that_of_the_main_thread_is(void)
{
    for (int cached = 0; cached < 2; cached++) {
        procspawn_error *error = report_error(NULL, overflows_in_task, json_boolean(cached));

        CU_ASSERT(report_has_symbol(error, "report_recurse"));
        CU_ASSERT(report_has_symbol(error, "recurse_in_task"));
        report_check_overflow(error);
    }
}

static void *recurse_in_thread(void *unused)
{
    report_recurse(~0UL);
    return unused;
}

static json_t *overflows_in_thread(json_t *unused)
{
    pthread_t thread;

    pthread_create(&thread, NULL, recurse_in_thread, NULL);
    pthread_join(thread, NULL);
    return unused;
}

static void why_the_overflow_of_another_thread_has_no_report_is_said(void)
{
    procspawn_error *error = report_error(NULL, overflows_in_thread, NULL);

#ifdef __SANITIZE_ADDRESS__     /* it gives each thread a second stack */
    report_check_overflow(error);
#else
    CU_ASSERT(strstr(procspawn_error_reason(error), "a thread without a second stack") != NULL);
    report_check_signal(error, SIGSEGV);
#endif
}

/* ---- usage ---- */

static json_t *panics(json_t *argument)
{
    procspawn_panic("%s", argument ? "something" : "nothing");
}

static void what_a_process_used_is_told_with_its_end(void)
{
    procspawn_error *error = report_error(NULL, report_crashes, NULL);
    struct rusage usage = { .ru_maxrss = 0 };
    json_t *object = procspawn_error_json(error);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_usage(error, &usage), 0);
    CU_ASSERT(usage.ru_maxrss > 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(json_object_get(object, "usage"),
                                                             "max_rss")), usage.ru_maxrss);
    json_decref(object);
    procspawn_error_free(error);
    error = report_error(NULL, panics, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_usage(error, &usage), -ENODATA);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo cxx_tests[] = {
    TEST(an_uncaught_exception_is_told_with_its_class_and_text),
    TEST(the_end_of_cxx_without_an_exception_is_told),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo tests[] = {
    TEST(a_finding_of_a_sanitizer_is_a_cause),
    TEST(the_overflow_of_a_task_is_told_as_that_of_the_main_thread_is),
    TEST(why_the_overflow_of_another_thread_has_no_report_is_said),
    TEST(what_a_process_used_is_told_with_its_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "exceptions", .pSetUpFunc = begin_with_cxx, .pTearDownFunc = calls_end,
      .pTests = cxx_tests },
    CALLS_SUITE("ends", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
