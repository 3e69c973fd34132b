/*
 * executed_test.c - programs that execute themselves again, or another program
 */
#include "tests/support/call_helpers.h"
#include "tests/support/process_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t patience = 20 * CALLS_SECOND;

/* ---- the new image ---- */

enum { NO_INIT = 2, NO_CALL, ZOMBIE_LEFT, NO_FINI, CHILD_LEFT };

static int call(void)
{
    procspawn_handle *handle;
    int rc = procspawn(calls_echo, NULL, &handle);

    if (rc == 0) {
        rc = procspawn_join_timeout(handle, patience, NULL, NULL);
        procspawn_handle_free(handle);
    }
    return rc;
}

/* The root before may be a moment in ending: calls are made meanwhile. */
static bool only_one_child(void)
{
    int64_t deadline = calls_now() + patience;
    pid_t first = children_one(getpid(), 0);

    while (children_one(getpid(), 1) != first && calls_now() < deadline)
        if (call() < 0)
            return false;
    return children_one(getpid(), 1) == first;
}

static int live_again(void)
{
    if (procspawn_init(0, NULL) < 0)
        return NO_INIT;
    if (call() < 0)
        return NO_CALL;
    if (!only_one_child())
        return ZOMBIE_LEFT;
    if (procspawn_fini() < 0)
        return NO_FINI;
    return waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD ? 0 : CHILD_LEFT;
}

/* ---- the old image ---- */

/* With a call running it executes itself; how: the argument of the new image. */
static void go_on_as(int how)
{
    char number[16];
    char *const again[] = { (char *)"executed_test", number, NULL };
    procspawn_handle *running;

    snprintf(number, sizeof number, "%d", how);
    if (procspawn_init(0, NULL) < 0)
        _exit(NO_INIT);
    if (procspawn(calls_hang, NULL, &running) < 0)
        _exit(NO_CALL);
    execv("/proc/self/exe", again);
    _exit(1);
}

static int run(int images, bool reaper)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, reaper);
        go_on_as(images);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_program_that_executes_itself_keeps_no_zombie(void)
{
    PROCSPAWN_CUNIT_EQUAL(run(1, false), 0);
}

static void a_subreaper_that_executes_itself_keeps_no_zombie(void)
{
    PROCSPAWN_CUNIT_EQUAL(run(1, true), 0);
}

static void each_image_of_many_keeps_no_zombie(void)
{
    PROCSPAWN_CUNIT_EQUAL(run(4, false), 0);
}

/* ---- another program ---- */

static void start_and_wait(int ready, int go)
{
    char byte = 0;

    calls_begin();
    calls_start(calls_hang, NULL);
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1 || dup2(go, STDIN_FILENO) < 0)
        _exit(1);
    execlp("cat", "cat", (char *)NULL);
    _exit(1);
}

/* It knows nothing of the library, and lives until its input ends. */
static void all_that_was_started_ends_when_another_program_is_executed(void)
{
    struct calls_tree *tree = malloc(sizeof *tree);
    int ready[2], go[2], status = -1;
    char byte = 0;

    CU_ASSERT_FATAL(tree && pipe2(ready, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        start_and_wait(ready[1], go[0]);
    }
    CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1);
    calls_tree_open(tree, pid);
    CU_ASSERT(tree->count >= 3);
    CU_ASSERT(write(go[1], &byte, 1) == 1);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, patience), 0);
    close(go[1]);
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    calls_tree_close(tree);
    free(tree);
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
}

static CU_TestInfo tests[] = {
    { "a_program_that_executes_itself_keeps_no_zombie",
      a_program_that_executes_itself_keeps_no_zombie },
    { "a_subreaper_that_executes_itself_keeps_no_zombie",
      a_subreaper_that_executes_itself_keeps_no_zombie },
    { "each_image_of_many_keeps_no_zombie", each_image_of_many_keeps_no_zombie },
    { "all_that_was_started_ends_when_another_program_is_executed",
      all_that_was_started_ends_when_another_program_is_executed },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "executed", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

/* A number counts the images that are still to come, this one included. */
int main(int argc, char **argv)
{
    int more = argc == 2 ? atoi(argv[1]) : 0;

    if (more == 1)
        return live_again();
    if (more > 1)
        go_on_as(more - 1);
    return procspawn_cunit_run(suites, argc, argv);
}
