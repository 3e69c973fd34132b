/*
 * crash_matrix_test.c - every way in which a called function can end, through every way to call it
 *
 * Another row is one line in CRASHES. Another column is one function like report(), and one line in
 * suites.
 */
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/endings.h"
#include "tests/support/pool_helpers.h"

#include <fnmatch.h>
#include <forkscope/pool.h>
#include <forkscope/sandbox.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct crash {
    procspawn_function *function;
    const char *kind, *cause;   /* NULL: a result */
    const char *message;        /* a shell pattern */
    int signal, exit_status;
    int64_t deadline;
    rlim_t memory;
};

#define OK .kind = NULL
#define FAIL(k, c, m) .kind = k, .cause = c, .message = m
#define CLOSE(c, m) FAIL("remote_close", c, m)
#define EXIT(n) CLOSE("exit", "called exit(" #n ") before it returned a result"), .exit_status = n
#define SIGNAL(n, name) CLOSE("signal", "killed by signal " #n " (" name ")"), .signal = n

/* RLIMIT_AS stops the bookkeeping of these sanitizers before the program's malloc. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LIMIT(X)
#else
static json_t *ending_runs_out_of_memory(json_t *argument)
{
    enum { MIB = 1024 * 1024 };
    char *memory;
    (void)argument;

    while ((memory = malloc(MIB)))
        memset(memory, 1, MIB);
    procspawn_panic("no memory");
}

#define MEMORY_LIMIT(X) \
    X(runs_out_of_memory, FAIL("panic", "none", "no memory"), .memory = 512 << 20)
#endif

/*
 * Under the thread sanitizer there is a second thread, with which the process lives on. The address
 * sanitizer reads /proc when a thread ends, and no sandbox lets it.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_END(X)
#else
static json_t *ending_ends_its_thread(json_t *argument)
{
    (void)argument;
    pthread_exit(NULL);
}

#define THREAD_END(X) X(ends_its_thread, EXIT(0))
#endif

#define CRASHES(X) \
    X(returns, OK) \
    X(exits, EXIT(3)) \
    X(exits_at_once, EXIT(4)) \
    X(exits_quickly, EXIT(5)) \
    X(aborts, SIGNAL(6, "SIGABRT")) \
    X(fails_an_assertion, \
      CLOSE("assert", "*: ending_fails_an_assertion: Assertion `*\"an object\"' failed."), \
      .signal = SIGABRT) \
    X(writes_where_it_must_not, SIGNAL(11, "SIGSEGV")) \
    X(overflows_its_stack, CLOSE("stack_overflow", "stack overflow (SIGSEGV)"), .signal = SIGSEGV) \
    X(is_killed, \
      CLOSE("signal", "killed by signal 9 (SIGKILL), not by this program"), .signal = SIGKILL) \
    X(stops_for_ever, \
      FAIL("timed_out", "time_limit", "not finished within 200 ms and was killed (total limit)"), \
      .signal = SIGKILL, .deadline = 200 * CALLS_MS) \
    THREAD_END(X) \
    X(closes_everything, CLOSE("exit", "the function closed the descriptors of the library*"), \
      .exit_status = WIRE_UNHEARD) \
    X(raises, FAIL("panic", "none", "raised 42")) \
    X(returns_nothing, FAIL("panic", "none", "the function returned NULL and gave no reason*")) \
    X(returns_what_is_no_text, FAIL("json", "none", "the result cannot be encoded as JSON*")) \
    MEMORY_LIMIT(X) \
    X(leaves_a_daemon, OK)

#define ROW(name, ...) \
    static const struct crash crash_##name = { .function = ending_##name, __VA_ARGS__ };
CRASHES(ROW)

#define POINTER(name, ...) &crash_##name,
static const struct crash *const crashes[] = { CRASHES(POINTER) };

/* The columns of sandboxes set it; each test has a process of its own. */
static enum procspawn_sandbox profile = PROCSPAWN_SANDBOX_NONE;
static bool fresh;                  /* set by the column of pools whose calls start fresh */

static void configure(procspawn_builder *builder, const struct crash *crash)
{
    struct rlimit memory = { crash->memory, crash->memory };
    struct rlimit none = { 0, 0 };

    procspawn_builder_sandbox(builder, profile);
    procspawn_builder_total_limit(builder, crash->deadline);
    procspawn_builder_rlimit(builder, RLIMIT_CORE, &none);
    if (crash->memory > 0)
        procspawn_builder_rlimit(builder, RLIMIT_AS, &memory);
}

/* Makes the call, and tells all about its end: works in any process of the tree. */
static json_t *report(json_t *index)
{
    const struct crash *crash = crashes[json_integer_value(index)];
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    configure(builder, crash);
    int rc = procspawn_builder_spawn(builder, crash->function, index, &handle);
    procspawn_builder_free(builder);
    if (rc < 0)
        return json_pack("{s:i}", "spawn", rc);
    procspawn_join(handle, &result, &error);
    rc = procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL);
    bool left = kill(procspawn_pid(handle), 0) == 0;
    procspawn_handle_free(handle);
    json_t *told = json_pack("{s:i, s:b, s:o*, s:o*}", "wait", rc, "left", left, "result", result,
                             "error", error ? procspawn_error_json(error) : NULL);
    procspawn_error_free(error);
    return told;
}

/* ---- the columns ---- */

static json_t *spawned(json_t *index)
{
    return report(index);
}

static json_t *nested(json_t *index)
{
    return calls_result(calls_start(report, json_incref(index)));
}

static json_t *report_through(json_t *index)
{
    procspawn_handle *handle = NULL;
    json_t *result = NULL;

    if (procspawn(report, index, &handle) == 0)
        procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    return result;
}

static json_t *nested_twice(json_t *index)
{
    return calls_result(calls_start(report_through, json_incref(index)));
}

/* A pool of one worker, which has to be there again for the next call. */
static procspawn_pool *pool_of_one(const struct crash *crash)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool = NULL;

    configure(procspawn_pool_builder_process(builder), crash);
    if (fresh)
        procspawn_pool_builder_fresh(builder);
    CU_ASSERT_EQUAL_FATAL(procspawn_pool_builder_build(builder, &pool), 0);
    procspawn_pool_builder_free(builder);
    return pool;
}

static void check_next_call(procspawn_pool *pool)
{
    procspawn_handle *handle = NULL;

    CU_ASSERT_EQUAL_FATAL(pool_spawn_limited(pool, INT64_MAX, calls_echo, NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
}

static json_t *pooled(json_t *index)
{
    const struct crash *crash = crashes[json_integer_value(index)];
    procspawn_pool *pool = pool_of_one(crash);
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    int rc = procspawn_pool_spawn(pool, crash->function, index, &handle);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    procspawn_join(handle, &result, &error);
    procspawn_handle_free(handle);
    check_next_call(pool);
    rc = procspawn_pool_shutdown(pool);
    procspawn_pool_free(pool);
    json_t *told = json_pack("{s:i, s:b, s:o*, s:o*}", "wait", rc, "left", false, "result", result,
                             "error", error ? procspawn_error_json(error) : NULL);
    procspawn_error_free(error);
    return told;
}

static json_t *fresh_pooled(json_t *index)
{
    fresh = true;
    return pooled(index);
}

/* A library without sandboxes has none of these columns to fail. */
static void choose_sandbox(void)
{
    if (!procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE))
        profile = PROCSPAWN_SANDBOX_COMPUTE;
}

static json_t *sandboxed(json_t *index)
{
    choose_sandbox();
    return report(index);
}

static json_t *sandboxed_pooled(json_t *index)
{
    choose_sandbox();
    return pooled(index);
}

/* ---- what is expected of every row, in every column ---- */

static const char *text_of(const json_t *error, const char *key)
{
    const char *text = json_string_value(json_object_get(error, key));
    return text ? text : "(none)";
}

static void check_text(const char *is, const char *pattern)
{
    char text[1024];

    snprintf(text, sizeof text, "\"%s\" is not \"%s\"", is, pattern);
    CU_assertImplementation(fnmatch(pattern, is, 0) == 0, __LINE__, text, __FILE__, "", CU_FALSE);
}

static void check_error(const struct crash *crash, const json_t *error)
{
    const json_t *status = json_object_get(error, "exit_status");
    int exit_status = status ? (int)json_integer_value(status) : -1;

    check_text(text_of(error, "kind"), crash->kind);
    check_text(text_of(error, "cause"), crash->cause);
    check_text(text_of(error, "message"), crash->message);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(error, "signal")), crash->signal);
    PROCSPAWN_CUNIT_EQUAL(exit_status, strcmp(crash->cause, "exit") == 0 ? crash->exit_status : -1);
}

static void check(const struct crash *crash, json_t *column(json_t *index))
{
    size_t index = 0;

    while (crashes[index] != crash)
        index++;
    json_t *number = json_integer((json_int_t)index);
    json_t *told = column(number);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(told, "spawn")), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(told, "wait")), 0);
    CU_ASSERT(json_is_false(json_object_get(told, "left")));
    CU_ASSERT(*ending_daemon == 0 || kill(*ending_daemon, 0) < 0);
    if (crash->kind)
        check_error(crash, json_object_get(told, "error"));
    else
        CU_ASSERT(json_equal(json_object_get(told, "result"), number));
    json_decref(told);
    json_decref(number);
}

static void begin(void)
{
    ending_daemon = mmap(NULL, sizeof *ending_daemon, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(ending_daemon, sizeof *ending_daemon);
}

#define TESTS(column) \
    CRASHES(TEST_FUNCTION_##column) \
    static CU_TestInfo column##_tests[] = { CRASHES(TEST_INFO_##column) CU_TEST_INFO_NULL };

#define TEST_FUNCTION(column, name) \
    static void column##_##name(void) { check(&crash_##name, column); }
#define TEST_INFO(column, name) { #name, column##_##name },

#define TEST_FUNCTION_spawned(name, ...) TEST_FUNCTION(spawned, name)
#define TEST_INFO_spawned(name, ...) TEST_INFO(spawned, name)
TESTS(spawned)

#define TEST_FUNCTION_nested(name, ...) TEST_FUNCTION(nested, name)
#define TEST_INFO_nested(name, ...) TEST_INFO(nested, name)
TESTS(nested)

#define TEST_FUNCTION_nested_twice(name, ...) TEST_FUNCTION(nested_twice, name)
#define TEST_INFO_nested_twice(name, ...) TEST_INFO(nested_twice, name)
TESTS(nested_twice)

#define TEST_FUNCTION_pooled(name, ...) TEST_FUNCTION(pooled, name)
#define TEST_INFO_pooled(name, ...) TEST_INFO(pooled, name)
TESTS(pooled)

#define TEST_FUNCTION_fresh_pooled(name, ...) TEST_FUNCTION(fresh_pooled, name)
#define TEST_INFO_fresh_pooled(name, ...) TEST_INFO(fresh_pooled, name)
TESTS(fresh_pooled)

#define TEST_FUNCTION_sandboxed(name, ...) TEST_FUNCTION(sandboxed, name)
#define TEST_INFO_sandboxed(name, ...) TEST_INFO(sandboxed, name)
TESTS(sandboxed)

#define TEST_FUNCTION_sandboxed_pooled(name, ...) TEST_FUNCTION(sandboxed_pooled, name)
#define TEST_INFO_sandboxed_pooled(name, ...) TEST_INFO(sandboxed_pooled, name)
TESTS(sandboxed_pooled)

#define SUITE(column) \
    { .pName = #column, .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = column##_tests }

static CU_SuiteInfo suites[] = {
    SUITE(spawned),
    SUITE(nested),
    SUITE(nested_twice),
    SUITE(pooled),
    SUITE(fresh_pooled),
    SUITE(sandboxed),
    SUITE(sandboxed_pooled),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
