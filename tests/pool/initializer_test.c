/*
 * initializer_test.c - the function that each worker of a pool calls before its first call
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/bytes.h>
#include <forkscope/call.h>
#include <forkscope/value.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Takes the argument. */
static int build(unsigned size, procspawn_function *initializer, json_t *argument,
                 procspawn_pool **ret_pool)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(size);

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_pool_builder_attempts(builder, 2);
    procspawn_pool_builder_initializer(builder, initializer, argument);
    json_decref(argument);
    int rc = procspawn_pool_builder_build(builder, ret_pool);
    procspawn_pool_builder_free(builder);
    return rc;
}

static procspawn_pool *make(unsigned size, procspawn_function *initializer, json_t *argument)
{
    procspawn_pool *pool = NULL;

    CU_ASSERT_FATAL(build(size, initializer, argument, &pool) == 0);
    return pool;
}

/* ---- what a worker has ---- */

static json_int_t level, times;

static json_t *set_level(json_t *argument)
{
    level = json_integer_value(argument);
    times++;
    return json_string("dropped");
}

static json_t *get_level(json_t *argument)
{
    (void)argument;
    return json_integer(level * 100 + times);
}

static void it_is_called_once_before_the_first_call(void)
{
    procspawn_pool *pool = make(1, set_level, json_integer(7));

    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_level, NULL), 701);
    PROCSPAWN_CUNIT_EQUAL(level, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    procspawn_pool_free(pool);
}

static json_t *die(json_t *argument)
{
    (void)argument;
    _exit(3);
}

static void a_worker_that_replaces_another_is_initialized_too(void)
{
    procspawn_pool *pool = make(1, set_level, json_integer(8));

    for (int i = 0; i < 3; i++) {
        calls_check_error(calls_error(pool_start(pool, die, NULL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
                          PROCSPAWN_CAUSE_EXIT);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_level, NULL), 801);
    }
    procspawn_pool_free(pool);
}

static void no_argument_is_null(void)
{
    procspawn_pool *pool = make(1, set_level, NULL);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_level, NULL), 1);
    procspawn_pool_free(pool);
}

static void a_function_of_null_means_none(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    json_t *argument = json_integer(5);

    procspawn_pool_builder_initializer(builder, set_level, argument);
    procspawn_pool_builder_initializer(builder, NULL, NULL);
    PROCSPAWN_CUNIT_EQUAL((int)argument->refcount, 1);
    json_decref(argument);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_level, NULL), 0);
    procspawn_pool_free(pool);
}

/* The second pool is built after a change of the argument. */
static void a_builder_makes_many_pools_and_encodes_at_each(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    json_t *argument = json_integer(1);
    procspawn_pool *pools[2] = { NULL, NULL };

    procspawn_pool_builder_initializer(builder, set_level, argument);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pools[0]), 0);
    json_integer_set(argument, 2);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pools[1]), 0);
    json_decref(argument);
    procspawn_pool_builder_free(builder);
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(pool_number(pools[i], get_level, NULL), (i + 1) * 100 + 1);
        procspawn_pool_free(pools[i]);
    }
}

/* ---- what an argument may hold ---- */

static size_t length;
static int file = -1;

static json_t *keep_length(json_t *argument)
{
    size_t size = 0;
    const unsigned char *bytes = procspawn_bytes_value(argument);

    size = procspawn_bytes_length(argument);
    length = bytes && bytes[0] == 0xff && bytes[size - 1] == 0xff ? size : 0;
    return json_null();
}

static json_t *get_length(json_t *argument)
{
    (void)argument;
    return json_integer((json_int_t)length);
}

/* Too long for a frame, so that it travels in a memfd. */
static void each_worker_gets_the_bytes(void)
{
    enum { SIZE = 3 << 20 };
    static unsigned char bytes[SIZE];

    memset(bytes, 0xff, sizeof bytes);
    procspawn_pool *pool = make(1, keep_length, procspawn_value_bytes(bytes, sizeof bytes));
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_length, NULL), SIZE);
        calls_check_error(calls_error(pool_start(pool, die, NULL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
                          PROCSPAWN_CAUSE_EXIT);
    }
    procspawn_pool_free(pool);
}

static json_t *keep_file(json_t *argument)
{
    return procspawn_value_claim_fd(argument, &file) == 0 ? json_null() : NULL;
}

static json_t *get_file(json_t *argument)
{
    struct stat status;

    (void)argument;
    return json_integer(fstat(file, &status) == 0 ? (json_int_t)status.st_ino : -1);
}

static void each_worker_gets_its_own_descriptor(void)
{
    int fd = memfd_create("kept", MFD_CLOEXEC);
    struct stat status = { .st_ino = 0 };

    CU_ASSERT_FATAL(fd >= 0 && fstat(fd, &status) == 0);
    procspawn_pool *pool = make(1, keep_file, procspawn_value_fd(fd));
    close(fd);
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_file, NULL), (json_int_t)status.st_ino);
        calls_check_error(calls_error(pool_start(pool, die, NULL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
                          PROCSPAWN_CAUSE_EXIT);
    }
    procspawn_pool_free(pool);
}

/* ---- failures ---- */

/* The error with which the pool fails. A queued call has it too. */
static procspawn_error *failure_of(procspawn_function *initializer)
{
    procspawn_pool *pool = make(2, initializer, json_integer(1));
    procspawn_handle *queued = pool_start(pool, calls_echo, NULL);
    procspawn_error *error = NULL, *cause = NULL;

    error = calls_error(queued);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), 0);
    CU_ASSERT_FATAL(error != NULL && cause != NULL);
    CU_ASSERT_EQUAL(procspawn_error_kind(error), procspawn_error_kind(cause));
    procspawn_error_free(error);
    procspawn_pool_free(pool);
    return cause;
}

static json_t *report(json_t *argument)
{
    (void)argument;
    return procspawn_fail("no model in %s", "/models");
}

static void a_reported_failure_has_its_message(void)
{
    procspawn_error *error = failure_of(report);

    CU_ASSERT(strstr(procspawn_error_message(error), "no model in /models") != NULL);
    CU_ASSERT(strstr(procspawn_error_message(error), "initializer") != NULL);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

static void a_crash_is_told_as_one(void)
{
    calls_check_error(failure_of(crash), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
}

static void so_is_an_exit(void)
{
    calls_check_error(failure_of(die), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
}

static json_t *give_nothing(json_t *argument)
{
    (void)argument;
    return NULL;
}

static void a_result_of_null_is_a_failure(void)
{
    calls_check_error(failure_of(give_nothing), PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
}

static json_t *panic(json_t *argument)
{
    (void)argument;
    procspawn_panic("no");
}

static void so_is_a_panic(void)
{
    calls_check_error(failure_of(panic), PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
}

/* The first worker finds the file and removes it: it fails. The next one does not. */
static json_t *fail_once(json_t *path)
{
    return unlink(json_string_value(path)) == 0 ? procspawn_fail("found") : json_null();
}

static void a_pool_tries_again_and_loses_no_call(void)
{
    char path[] = "/tmp/forkscope.XXXXXX";
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    procspawn_pool *pool = make(1, fail_once, json_string(path));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(6)), 6);
    CU_ASSERT(access(path, F_OK) < 0 && errno == ENOENT);
    procspawn_pool_free(pool);
}

/* Closes all descriptors of a file. */
static void close_all(ino_t inode)
{
    enum { SOME = 256 };
    struct stat status;

    for (int fd = STDERR_FILENO + 1; fd < SOME; fd++) {
        if (fstat(fd, &status) == 0 && status.st_ino == inode)
            close(fd);
    }
}

static void a_pool_whose_argument_was_closed_fails_when_it_needs_it(void)
{
    int fd = memfd_create("closed", MFD_CLOEXEC);
    struct stat status = { .st_ino = 0 };
    procspawn_error *error = NULL;

    CU_ASSERT_FATAL(fd >= 0 && fstat(fd, &status) == 0);
    procspawn_pool *pool = make(1, keep_file, procspawn_value_fd(fd));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, get_file, NULL), (json_int_t)status.st_ino);
    close_all(status.st_ino);
    calls_check_error(calls_error(pool_start(pool, die, NULL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_EXIT);
    calls_check_error(calls_error(pool_start(pool, calls_echo, NULL)), PROCSPAWN_ERROR_SETUP,
                      PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &error), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EBADF);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

static void what_cannot_be_encoded_is_refused_at_build(void)
{
    procspawn_pool *pool = NULL;
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    json_t *closed = procspawn_value_fd(ends[0]);
    close(ends[0]);
    close(ends[1]);
    CU_ASSERT(build(1, keep_file, closed, &pool) < 0);
    CU_ASSERT_PTR_NULL(pool);
    PROCSPAWN_CUNIT_EQUAL(build(1, (procspawn_function *)(uintptr_t)1, NULL, &pool),
                          PROCSPAWN_EFUNCTION);
    CU_ASSERT_PTR_NULL(pool);
}

static void a_copy_of_the_owner_frees_the_argument_and_closes_nothing(void)
{
    procspawn_pool *pool = make(1, keep_file, procspawn_value_fd(STDERR_FILENO));
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        procspawn_pool_free(pool);
        _exit(fcntl(STDERR_FILENO, F_GETFD) < 0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    CU_ASSERT(pool_number(pool, get_file, NULL) > 0);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo workers[] = {
    TEST(it_is_called_once_before_the_first_call),
    TEST(a_worker_that_replaces_another_is_initialized_too),
    TEST(no_argument_is_null),
    TEST(a_function_of_null_means_none),
    TEST(a_builder_makes_many_pools_and_encodes_at_each),
    CU_TEST_INFO_NULL
};

static CU_TestInfo arguments[] = {
    TEST(each_worker_gets_the_bytes),
    TEST(each_worker_gets_its_own_descriptor),
    CU_TEST_INFO_NULL
};

static CU_TestInfo failures[] = {
    TEST(a_reported_failure_has_its_message),
    TEST(a_crash_is_told_as_one),
    TEST(so_is_an_exit),
    TEST(a_result_of_null_is_a_failure),
    TEST(so_is_a_panic),
    TEST(a_pool_tries_again_and_loses_no_call),
    TEST(a_pool_whose_argument_was_closed_fails_when_it_needs_it),
    TEST(what_cannot_be_encoded_is_refused_at_build),
    TEST(a_copy_of_the_owner_frees_the_argument_and_closes_nothing),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("workers", workers),
    CALLS_SUITE("arguments", arguments),
    CALLS_SUITE("failures", failures),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
