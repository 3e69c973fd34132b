/*
 * copy_test.c - copies of the process by fork(2) that are made while threads look up functions
 */
#include "src/image/function.h"
#include "tests/support/call_helpers.h"

#include <forkscope/cunit.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPIES = 300, SECONDS = 10 };

static atomic_bool enough;

static void *look_up(void *looked_up)
{
    struct wire_function function;
    char *library;

    while (!atomic_load(&enough)) {
        procspawn__function_describe(calls_echo, &function, &library);
        free(library);
        atomic_fetch_add((atomic_long *)looked_up, 1);
    }
    return NULL;
}

/* 0: the copy has a list of its own modules. */
static int copy(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS);
        _exit(procspawn__modules_record() == 0 ? 0 : 1);
    }
    CU_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static void a_copy_can_look_up_functions_whatever_threads_looked_up_meanwhile(void)
{
    atomic_long looked_up = 0;
    pthread_t thread;
    int failed = 0;

    CU_ASSERT_FATAL(procspawn__modules_record() == 0);
    atomic_store(&enough, false);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, look_up, &looked_up) == 0);
    for (int i = 0; i < COPIES && failed == 0; i++)
        failed = copy();
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    PROCSPAWN_CUNIT_EQUAL(failed, 0);
    CU_ASSERT(atomic_load(&looked_up) > 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_copy_can_look_up_functions_whatever_threads_looked_up_meanwhile),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "copy", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
