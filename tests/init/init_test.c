/*
 * init_test.c - procspawn_init: where it is refused, what it gives the children, what needs it
 * anew
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *wait_for_end(void *fd)
{
    char byte;
    ssize_t n = read(*(int *)fd, &byte, 1);
    return n == 0 ? NULL : fd;
}

static void a_second_thread_is_refused(void)
{
    int ends[2];
    pthread_t thread;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, wait_for_end, &ends[0]) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), PROCSPAWN_ETHREADS);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    calls_begin();
    calls_end();
}

static void a_second_init_is_refused(void)
{
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), -EALREADY);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    calls_end();
}

static json_t *own_args(json_t *argument)
{
    int argc;
    char **argv;
    (void)argument;

    if (procspawn_args(&argc, &argv) < 0)
        return NULL;
    return argc == 0 ? json_null() : json_pack("[i, s]", argc, argv[argc - 1]);
}

static char *const some_args[] = {
    (char *)(uintptr_t)"program", (char *)(uintptr_t)"--last", NULL
};

static void children_see_the_arguments(void)
{
    int argc = 0;
    char **argv = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_init(2, (char **)(uintptr_t)some_args), 0);
    json_t *args = calls_result(calls_start(own_args, NULL));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(args, 0)), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(args, 1)), "--last");
    json_decref(args);
    PROCSPAWN_CUNIT_EQUAL(procspawn_args(&argc, &argv), 0);
    PROCSPAWN_CUNIT_EQUAL(argc, 2);
    CU_ASSERT(argv == some_args);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(procspawn_args(&argc, &argv), PROCSPAWN_ENOTINIT);
}

static void passing_of_arguments_can_be_switched_off(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_pass_args(config, false);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 2, (char **)(uintptr_t)some_args), 0);
    procspawn_config_free(config);
    json_t *args = calls_result(calls_start(own_args, NULL));
    CU_ASSERT(json_is_null(args));
    json_decref(args);
    calls_end();
}

static int noted;

static void note(void *argument)
{
    noted = *(int *)argument;
}

static json_t *what_was_noted(json_t *argument)
{
    (void)argument;
    return json_integer(noted);
}

static void the_callback_runs_in_every_child(void)
{
    static int number = 77;
    procspawn_config *config = procspawn_config_new();

    procspawn_config_callback(config, note, &number);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(what_was_noted, NULL)), 77);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(what_was_noted, NULL)), 77);
    PROCSPAWN_CUNIT_EQUAL(noted, 0);
    calls_end();
}

/* ---- the callback for the end of a function ---- */

static int *ended;              /* shared by all processes */

static void count_end(void *unused)
{
    (void)unused;
    __atomic_add_fetch(ended, 1, __ATOMIC_SEQ_CST);
}

static json_t *leave_by_exit(json_t *quickly)
{
    if (json_is_true(quickly))
        quick_exit(0);
    exit(0);
}

static json_t *leave_by_panic(json_t *argument)
{
    (void)argument;
    procspawn_panic("left");
}

static json_t *leave_at_once(json_t *argument)
{
    (void)argument;
    _exit(0);
}

static void begin_counting(void)
{
    procspawn_config *config = procspawn_config_new();

    ended = mmap(NULL, sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(ended != MAP_FAILED);
    procspawn_config_end_callback(config, count_end, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

static void end_counting(void)
{
    calls_end();
    munmap(ended, sizeof *ended);
}

static void the_end_callback_has_run_when_the_caller_gets_the_answer(void)
{
    begin_counting();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    PROCSPAWN_CUNIT_EQUAL(*ended, 1);
    procspawn_error_free(calls_error(calls_start(leave_by_panic, NULL)));
    PROCSPAWN_CUNIT_EQUAL(*ended, 2);
    procspawn_error_free(calls_error(calls_start(leave_by_exit, json_false())));
    PROCSPAWN_CUNIT_EQUAL(*ended, 3);
    procspawn_error_free(calls_error(calls_start(leave_by_exit, json_true())));
    PROCSPAWN_CUNIT_EQUAL(*ended, 4);
    procspawn_error_free(calls_error(calls_start(leave_at_once, NULL)));
    PROCSPAWN_CUNIT_EQUAL(*ended, 4);
    end_counting();
}

static void a_worker_runs_the_end_callback_after_each_call(void)
{
    procspawn_pool *pool = NULL;

    begin_counting();
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(1, &pool), 0);
    for (int i = 1; i <= 3; i++) {
        procspawn_handle *handle = NULL;
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &handle), 0);
        json_decref(calls_result(handle));
        PROCSPAWN_CUNIT_EQUAL(*ended, i);
    }
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(*ended, 3);
    end_counting();
}

static void without_spares_calls_work(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    calls_end();
}

static void before_init_calls_are_refused(void)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ENOTINIT);
    CU_ASSERT(handle == NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), PROCSPAWN_ENOTINIT);
}

static void in_forked_process(void)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ENOTINIT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), PROCSPAWN_ENOTINIT);
    unsigned before = calls_descriptors();
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(9))), 9);
    calls_end();
    CU_ASSERT(calls_descriptors() <= before);
}

static void a_forked_process_needs_an_init_of_its_own(void)
{
    int status = -1;

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(8))), 8);
    pid_t pid = fork();
    if (pid == 0) {
        in_forked_process();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    calls_end();
}

static void a_daemon_needs_an_init_of_its_own(void)
{
    int ends[2];
    char byte = 0;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    calls_begin();
    pid_t pid = fork();
    if (pid == 0) {
        calls_begin();
        CU_ASSERT(daemon(1, 1) == 0);
        in_forked_process();
        CU_ASSERT(write(ends[1], "d", 1) == 1);
        _exit(0);
    }
    close(ends[1]);
    waitpid(pid, NULL, 0);
    CU_ASSERT(read(ends[0], &byte, 1) == 1);
    CU_ASSERT(byte == 'd');
    CU_ASSERT(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    calls_end();
}

static void init_works_again_after_fini(void)
{
    for (int i = 0; i < 5; i++) {
        calls_begin();
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
        calls_end();
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_second_thread_is_refused),
    TEST(a_second_init_is_refused),
    TEST(children_see_the_arguments),
    TEST(passing_of_arguments_can_be_switched_off),
    TEST(the_callback_runs_in_every_child),
    TEST(the_end_callback_has_run_when_the_caller_gets_the_answer),
    TEST(a_worker_runs_the_end_callback_after_each_call),
    TEST(without_spares_calls_work),
    TEST(before_init_calls_are_refused),
    TEST(a_forked_process_needs_an_init_of_its_own),
    TEST(a_daemon_needs_an_init_of_its_own),
    TEST(init_works_again_after_fini),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "init", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
