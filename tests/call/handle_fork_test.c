/*
 * handle_fork_test.c - handles in processes that their owner has forked
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 30, VALUE = 42 };     /* seconds until a copy that hangs is killed */

static void in_copy(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(PATIENCE);
        part();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

/* Waits for a byte on its standard input. */
static json_t *when_told(json_t *value)
{
    char byte;

    return read(STDIN_FILENO, &byte, 1) == 1 ? json_incref(value) : NULL;
}

/* ---- a handle of any kind ---- */

static procspawn_handle *handle;

static void use_handle(void)
{
    struct rusage usage;
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, &error), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 0, &result, &error),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, &usage), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 0), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fd(handle), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdin(handle), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdout_claim(handle), -1);
    CU_ASSERT(!result && !error);
    procspawn_handle_free(handle);
}

static procspawn_builder *with_stdin(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    return builder;
}

/* The copy has done with it what it could; the owner finds it as it was. */
static void finish_handle(void)
{
    CU_ASSERT(write(procspawn_stdin(handle), "x", 1) == 1);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), VALUE);
}

static void a_copy_cannot_use_the_handle_of_a_call(void)
{
    procspawn_builder *builder = with_stdin();

    handle = calls_build(builder, when_told, json_integer(VALUE));
    in_copy(use_handle);
    in_copy(use_handle);
    finish_handle();
    procspawn_builder_free(builder);
}

static void a_copy_cannot_use_the_handle_of_a_process_in_a_scope(void)
{
    procspawn_builder *builder = with_stdin();
    json_t *value = json_integer(VALUE);
    scoped_spawner root;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, builder, when_told, value, &handle) == 0);
    in_copy(use_handle);
    in_copy(use_handle);
    finish_handle();
    CU_ASSERT(close_whatever(root, SCOPED_FOREVER) == 0);
    json_decref(value);
    procspawn_builder_free(builder);
}

static void a_copy_cannot_take_a_result_that_has_come(void)
{
    handle = calls_start(calls_echo, json_integer(VALUE));
    CU_ASSERT(procspawn_wait_timeout(handle, -1, NULL) == 0);
    in_copy(use_handle);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), VALUE);
}

/* ---- a copy with an init of its own ---- */

static void begin_anew(void)
{
    procspawn_handle_free(handle);
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    calls_end();
}

static void a_copy_that_has_freed_a_handle_can_begin_anew(void)
{
    procspawn_builder *builder = with_stdin();

    handle = calls_build(builder, when_told, json_integer(VALUE));
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 0, NULL, NULL), -ETIMEDOUT);
    in_copy(begin_anew);
    finish_handle();
    procspawn_builder_free(builder);
}

static void keep_after_init(void)
{
    calls_begin();
    use_handle();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(2))), 2);
    calls_end();
}

static void an_init_of_its_own_does_not_make_a_copy_the_owner(void)
{
    procspawn_builder *builder = with_stdin();

    handle = calls_build(builder, when_told, json_integer(VALUE));
    in_copy(keep_after_init);
    finish_handle();
    procspawn_builder_free(builder);
}

/* As a daemon does, and then it says how far it got. */
static void close_all_and_begin_anew(void)
{
    procspawn_handle *call;

    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(1);
    if (procspawn_init(0, NULL) != 0)
        _exit(2);
    if (procspawn(calls_echo, NULL, &call) != 0 || procspawn_join(call, NULL, NULL) != 0)
        _exit(3);
    procspawn_handle_free(call);
    _exit(procspawn_fini() == 0 ? 0 : 4);
}

/* What the original had by the numbers is not there any more. Of a descriptor that another thread has
 * just opened a copy made by fork(2) may have the number alone, too. */
static void a_copy_that_has_closed_all_descriptors_can_begin_anew(void)
{
    procspawn_builder *builder = with_stdin();

    handle = calls_build(builder, when_told, json_integer(VALUE));
    in_copy(close_all_and_begin_anew);
    finish_handle();
    procspawn_builder_free(builder);
}

/* ---- below ---- */

static json_t *use_below(json_t *unused)
{
    int rc = procspawn_join_timeout(handle, 0, NULL, NULL);

    (void)unused;
    return json_integer(rc);
}

/* A child has the memory of init, with the handles that were there: a second init, as it were. */
static void a_child_cannot_use_the_handles_of_before_init(void)
{
    calls_begin();
    handle = calls_start(calls_hang, NULL);
    calls_end();
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(use_below, NULL)), PROCSPAWN_ENOTOWNER);
    calls_end();
    procspawn_handle_free(handle);
}

/* ---- at any moment ---- */

static bool over;

static void *call_on_and_on(void *unused)
{
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    return unused;
}

/* Locks of the library are held by the other thread now and then. */
static void a_copy_never_waits_for_a_lock_of_its_original(void)
{
    enum { COPIES = 40 };
    procspawn_builder *builder = with_stdin();
    pthread_t thread;

    handle = calls_build(builder, when_told, json_integer(VALUE));
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, call_on_and_on, NULL) == 0);
    for (int i = 0; i < COPIES; i++)
        in_copy(i % 8 ? use_handle : begin_anew);
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    finish_handle();
    procspawn_builder_free(builder);
}

/* The table is searched each time, and nothing is found after the first. */
static void *drop_on_and_on(void *unused)
{
    json_t *value = procspawn_value_fd_take(dup(STDERR_FILENO));

    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
        procspawn_value_drop(value);
    json_decref(value);
    return unused;
}

static void free_handle(void)
{
    procspawn_handle_free(handle);
}

/* The table of descriptors is in use most of the time. */
static void a_copy_frees_a_handle_whatever_its_original_does_with_descriptors(void)
{
    enum { COPIES = 300 };
    procspawn_builder *builder = with_stdin();
    pthread_t thread;

    over = false;
    handle = calls_build(builder, when_told, json_integer(VALUE));
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, drop_on_and_on, NULL) == 0);
    for (int i = 0; i < COPIES && CU_get_number_of_failures() == 0; i++)
        in_copy(free_handle);
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    finish_handle();
    procspawn_builder_free(builder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_copy_cannot_use_the_handle_of_a_call),
    TEST(a_copy_cannot_use_the_handle_of_a_process_in_a_scope),
    TEST(a_copy_cannot_take_a_result_that_has_come),
    TEST(a_copy_that_has_freed_a_handle_can_begin_anew),
    TEST(a_copy_that_has_closed_all_descriptors_can_begin_anew),
    TEST(an_init_of_its_own_does_not_make_a_copy_the_owner),
    TEST(a_copy_never_waits_for_a_lock_of_its_original),
    TEST(a_copy_frees_a_handle_whatever_its_original_does_with_descriptors),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo plain_tests[] = {
    TEST(a_child_cannot_use_the_handles_of_before_init),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("handle fork", tests),
    { .pName = "handle fork, below", .pTests = plain_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
