/*
 * held_pipe_test.c - functions that hold the lock of a pipe of theirs for as long as they live: a
 * write of memory that never comes. Others, and this program, do not wait for them
 */
#include "tests/support/call_helpers.h"

#include <fcntl.h>
#include <forkscope/channel.h>
#include <forkscope/output.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- what the tests share ---- */

enum { PAGE = 4096 };

/* Returns a descriptor by which a page can be withheld, or -1: this process may not have one. */
static int open_fault_descriptor(void)
{
    struct uffdio_api api = { .api = UFFD_API };
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

    if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool may_hold(void)
{
    int fd = open_fault_descriptor();

    if (fd < 0) {
        CU_PASS("this process may not withhold pages");
        return false;
    }
    close(fd);
    return true;
}

static int faults, told;

/* Tells that somebody waits for the page, and does not bring it. */
static void *tell_fault(void *unused)
{
    struct uffd_msg message;

    if (read(faults, &message, sizeof message) == sizeof message)
        write(told, "x", 1);
    return unused;
}

/* A page that never comes: who touches it waits, and this is told on the descriptor. */
static void *page_that_never_comes(json_t *descriptor)
{
    pthread_t thread;

    faults = open_fault_descriptor();
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register whole = { .range = { (uintptr_t)page, PAGE },
                                     .mode = UFFDIO_REGISTER_MODE_MISSING };
    if (page == MAP_FAILED || ioctl(faults, UFFDIO_REGISTER, &whole) < 0 ||
        procspawn_value_claim_fd(descriptor, &told) < 0 ||
        pthread_create(&thread, NULL, tell_fault, NULL) != 0)
        return NULL;
    return page;
}

static json_t *hold_stdout(json_t *descriptor)
{
    void *page = page_that_never_comes(descriptor);

    if (!page || write(STDOUT_FILENO, "mine\n", 5) != 5)
        return NULL;
    write(STDOUT_FILENO, page, 1);
    return json_null();
}

static json_t *hold_stdin(json_t *descriptor)
{
    void *page = page_that_never_comes(descriptor);

    if (!page)
        return NULL;
    read(STDIN_FILENO, page, 1);
    return json_null();
}

/* Starts a function with a descriptor, and waits until the page is touched. */
static procspawn_handle *start_holder(procspawn_builder *builder, procspawn_function *function)
{
    int ends[2] = { -1, -1 };

    PROCSPAWN_CUNIT_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    procspawn_handle *holder = calls_build(builder, function, procspawn_value_fd(ends[1]));
    if (procspawn_stdin(holder) >= 0)
        PROCSPAWN_CUNIT_EQUAL(write(procspawn_stdin(holder), "x", 1), 1);
    struct pollfd touched = { .fd = ends[0], .events = POLLIN };
    PROCSPAWN_CUNIT_EQUAL(poll(&touched, 1, 20000), 1);
    close(ends[0]);
    close(ends[1]);
    return holder;
}

/* The output is captured. */
static procspawn_builder *capturing(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, 4096, true);
    return builder;
}

static procspawn_handle *hold_captured(void)
{
    procspawn_builder *builder = capturing();
    procspawn_handle *holder = start_holder(builder, hold_stdout);

    procspawn_builder_free(builder);
    return holder;
}

/* ---- captured output ---- */

/* More than a pipe holds. */
static json_t *print_much(json_t *argument)
{
    (void)argument;
    for (int i = 0; i < 20000; i++)
        puts("a line of many");
    return json_true();
}

static void check_other(void)
{
    procspawn_builder *builder = capturing();
    procspawn_handle *other = calls_build(builder, print_much, NULL);
    struct procspawn_output output = { .data = "" };

    procspawn_builder_free(builder);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(other, 20 * CALLS_SECOND, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(other, &output), 0);
    PROCSPAWN_CUNIT_EQUAL(output.total, 20000 * strlen("a line of many\n"));
    procspawn_handle_free(other);
}

static void check_own(procspawn_handle *holder)
{
    struct procspawn_output output = { .data = "" };

    procspawn_kill(holder);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(holder, 20 * CALLS_SECOND, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(holder, &output), 0);
    CU_ASSERT_STRING_EQUAL(output.data, "mine\n");
    procspawn_handle_free(holder);
}

static void calls_that_hold_their_pipes_hold_up_no_other_output(void)
{
    enum { HOLDERS = 3 };
    procspawn_handle *holders[HOLDERS];

    if (!may_hold())
        return;
    for (int i = 0; i < HOLDERS; i++) {
        holders[i] = hold_captured();
        check_other();
    }
    for (int i = 0; i < HOLDERS; i++)
        check_own(holders[i]);
    check_other();
}

static void output_so_far_is_given_in_a_second_while_the_pipe_is_held(void)
{
    struct procspawn_output output;

    if (!may_hold())
        return;
    procspawn_handle *holder = hold_captured();
    int64_t before = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(holder, &output), 0);
    CU_ASSERT(calls_now() - before < 5 * CALLS_SECOND);
    check_own(holder);
}

/* ---- pipes of this program ---- */

static void check_free(procspawn_function *function)
{
    if (!may_hold())
        return;
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *holder = start_holder(builder, function);
    procspawn_builder_free(builder);
    struct calls_tree tree = { .count = 0 };
    calls_tree_add(&tree, procspawn_pid(holder));
    int64_t before = calls_now();
    procspawn_handle_free(holder);
    CU_ASSERT(calls_now() - before < 5 * CALLS_SECOND);
    kill(tree.pid[0], SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 20 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
}

static void a_handle_is_freed_while_its_process_holds_stdout(void)
{
    check_free(hold_stdout);
}

static void a_handle_is_freed_while_its_process_holds_stdin(void)
{
    check_free(hold_stdin);
}

#define TEST(name) { #name, name }

static CU_TestInfo output_tests[] = {
    TEST(calls_that_hold_their_pipes_hold_up_no_other_output),
    TEST(output_so_far_is_given_in_a_second_while_the_pipe_is_held),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo handle_tests[] = {
    TEST(a_handle_is_freed_while_its_process_holds_stdout),
    TEST(a_handle_is_freed_while_its_process_holds_stdin),
    CU_TEST_INFO_NULL,
};

/* The first captured call starts the collector, which then stays. */
static void begin(void)
{
    calls_begin();
    check_other();
}

static CU_SuiteInfo suites[] = {
    { .pName = "held output", .pSetUpFunc = begin, .pTearDownFunc = calls_end,
      .pTests = output_tests },
    CALLS_SUITE("held pipes", handle_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
