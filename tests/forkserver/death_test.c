/*
 * death_test.c - the report of a process's end when the process has closed or filled its channel
 */
#include "src/call/handle.h"
#include "src/call/process.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int *ready;              /* shared with the processes of a test */

static void begin(void)
{
    ready = mmap(NULL, sizeof *ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(ready, sizeof *ready);
}

static void tell_ready(void)
{
    __atomic_add_fetch(ready, 1, __ATOMIC_RELEASE);
}

static void wait_for_ready(int count)
{
    while (__atomic_load_n(ready, __ATOMIC_ACQUIRE) < count)
        poll(NULL, 0, 1);
}

static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* ---- shut ---- */

static json_t *shut_and_hang(json_t *argument)
{
    shutdown(raw_channel(), SHUT_RDWR);
    return calls_hang(argument);
}

static void a_process_that_shut_its_channel_is_waited_for(void)
{
    struct rusage usage = { .ru_maxrss = 0 };
    procspawn_handle *handle = calls_start(shut_and_hang, NULL);
    pid_t pid = procspawn_pid(handle);

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, &usage), 0);
    CU_ASSERT(!exists(pid));
    CU_ASSERT(usage.ru_maxrss > 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_NONE);
}

/* Another call has taken in what the server said, so that nothing tells of it any more. */
static void a_look_sees_an_end_that_was_told_before(void)
{
    procspawn_handle *handle = calls_start(shut_and_hang, NULL);
    procspawn_handle *other = calls_start(calls_hang, NULL);
    const struct procspawn__process *process = (struct procspawn__process *)handle;

    CU_ASSERT(procspawn_join(handle, NULL, NULL) == PROCSPAWN_ECALL);
    while (!process->await.told)
        procspawn_terminate(other, SIGCONT, 1000 * CALLS_SECOND);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 0, NULL), 0);
    procspawn_handle_free(handle);
    procspawn_kill(other);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(other, -1, NULL), 0);
    procspawn_handle_free(other);
}

static json_t *shut_and_leave(json_t *argument)
{
    shutdown(raw_channel(), SHUT_RDWR);
    (void)argument;
    _exit(0);
}

/* The server has forgotten the process when it is asked. */
static void one_that_has_ended_since_is_waited_for_as_well(void)
{
    struct calls_tree tree = { 0 };
    procspawn_handle *handle = calls_start(shut_and_leave, NULL);

    calls_tree_add(&tree, procspawn_pid(handle));
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 10 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    json_decref(calls_result(calls_start(calls_echo, NULL)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error_free(calls_error(handle));
}

static void a_look_at_a_shut_channel_takes_no_time(void)
{
    enum { CALLS = 10 };
    procspawn_handle *handles[CALLS];
    int64_t quickest = INT64_MAX;

    for (int i = 0; i < CALLS; i++) {
        handles[i] = calls_start(shut_and_hang, NULL);
        struct pollfd fd = { .fd = procspawn_fd(handles[i]), .events = POLLIN };
        CU_ASSERT(poll(&fd, 1, 10000) == 1);
        int64_t start = calls_now();
        procspawn_join_timeout(handles[i], 0, NULL, NULL);
        if (calls_now() - start < quickest)
            quickest = calls_now() - start;
    }
    CU_ASSERT(quickest < 50 * CALLS_MS);
    for (int i = 0; i < CALLS; i++)
        procspawn_handle_free(handles[i]);
}

/* ---- full ---- */

static void fill(int channel)
{
    static const char text[1000];
    struct wire_part part = { text, sizeof text };

    while (wire__send(channel, WIRE_VALUE, &part, 1, NULL, 0, true) == 0)
        continue;
}

static json_t *fill_and_leave(json_t *argument)
{
    fill(raw_channel());
    _exit((int)json_integer_value(argument));
}

static void a_full_channel_that_nobody_reads_holds_up_no_other_call(void)
{
    enum { FULL = 8 };
    procspawn_handle *full[FULL];
    struct calls_tree tree = { 0 };

    for (int i = 0; i < FULL; i++) {
        full[i] = calls_start(fill_and_leave, json_integer(3));
        calls_tree_add(&tree, procspawn_pid(full[i]));
    }
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 10 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    int64_t start = calls_now();
    for (int i = 0; i < 20; i++) {
        procspawn_handle *handle = calls_start(calls_echo, json_integer(i));
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), i);
    }
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    for (int i = 0; i < FULL / 2; i++) {
        procspawn_error *error = calls_error(full[i]);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 3);
        procspawn_error_free(error);
    }
    for (int i = FULL / 2; i < FULL; i++)
        procspawn_handle_free(full[i]);
}

static void nor_the_end_of_everything(void)
{
    procspawn_handle *handle = calls_start(fill_and_leave, json_integer(3));
    struct calls_tree tree = { 0 };

    calls_tree_add(&tree, procspawn_pid(handle));
    calls_tree_left(&tree, 10 * CALLS_SECOND);
    calls_tree_close(&tree);
    int64_t start = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    CU_ASSERT(calls_now() - start < CALLS_SECOND);
    procspawn_handle_free(handle);
    calls_begin();
}

/* Asks for nested children that fill their channels, and reads none of them. */
static json_t *nest_full_ones(json_t *count)
{
    procspawn_handle *handle;

    for (int i = 0; i < json_integer_value(count); i++) {
        if (procspawn(fill_and_leave, json_object(), &handle) < 0)
            return NULL;
    }
    return json_incref(count);
}

static void a_requester_that_has_died_hears_nothing_of_its_children(void)
{
    procspawn_handle *handle = calls_start(nest_full_ones, json_integer(5));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
}

/* The reading end of a nested child's channel stays open in the program, which does not read it. */
static json_t *give_channel_away(json_t *argument)
{
    procspawn_handle *handle;

    if (procspawn(fill_and_leave, argument, &handle) < 0)
        return NULL;
    struct calls_tree tree = { 0 };
    calls_tree_add(&tree, procspawn_pid(handle));
    calls_tree_left(&tree, 10 * CALLS_SECOND);
    return json_pack("[o]", procspawn_value_fd(procspawn_fd(handle)));
}

static void nor_does_its_end_wait_for_a_channel_that_was_given_away(void)
{
    procspawn_handle *handle = calls_start(give_channel_away, json_integer(1));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    json_decref(calls_result(handle));
}

/* ---- the link is full, too ---- */

static json_t *fill_and_leave_later(json_t *status)
{
    fill(raw_channel());
    tell_ready();
    wait_for_ready(2);
    _exit((int)json_integer_value(status));
}

/* Has the server answer more questions than the link holds: for a child, and for unknown ones. */
static void fill_link(const struct procspawn__remote_child *child)
{
    enum { QUESTIONS = 2000 };
    struct wire_await question = { .id = child->id, .pid = child->pid };

    for (int i = 0; i < QUESTIONS; i++) {
        CU_ASSERT_FATAL(wire__send_struct(raw_link(), WIRE_AWAIT, &question, sizeof question, -1,
                                          false) == 0);
        question = (struct wire_await){ .id = UINT64_MAX, .pid = 1 };
    }
}

/* The answer to the question comes behind offers that nobody has received yet. */
static void fill_link_with_offers(const struct procspawn__remote_child *child)
{
    enum { OFFERS = 4 };
    const struct wire_await question = { .id = child->id, .pid = child->pid };
    const struct wire_fork one = { .count = 1 };
    struct pollfd link = { .fd = raw_link(), .events = POLLIN };

    for (int i = 0; i < OFFERS; i++)
        CU_ASSERT_FATAL(wire__send_struct(link.fd, WIRE_FORK, &one, sizeof one, -1, false) == 0);
    CU_ASSERT_FATAL(poll(&link, 1, 10000) == 1);
    CU_ASSERT_FATAL(wire__send_struct(link.fd, WIRE_AWAIT, &question, sizeof question, -1,
                                      false) == 0);
}

/* Returns the exit status of a nested child whose channel is full when it ends. */
static json_t *read_late(void (*prepare)(const struct procspawn__remote_child *child),
                         json_t *status)
{
    procspawn_handle *handle;
    struct calls_tree tree = { 0 };

    if (procspawn(fill_and_leave_later, status, &handle) < 0)
        return NULL;
    wait_for_ready(1);
    prepare(&((struct procspawn__process *)handle)->child);
    calls_tree_add(&tree, procspawn_pid(handle));
    tell_ready();
    calls_tree_left(&tree, 10 * CALLS_SECOND);
    calls_tree_close(&tree);
    procspawn_error *error = calls_error(handle);
    json_t *seen = json_integer(procspawn_error_exit_status(error));
    procspawn_error_free(error);
    return seen;
}

static json_t *read_when_all_is_full(json_t *status)
{
    return read_late(fill_link, status);
}

static json_t *read_behind_offers(json_t *status)
{
    return read_late(fill_link_with_offers, status);
}

static void an_end_is_told_when_channel_and_link_were_full(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(read_when_all_is_full, json_integer(7))), 7);
}

/* Whether the offers are still there when the channel ends differs from time to time. */
static void an_end_is_told_behind_offers(void)
{
    for (int i = 0; i < 10; i++) {
        ready[0] = 0;
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(read_behind_offers, json_integer(7))), 7);
    }
}

/* ---- filled by others ---- */

/* Takes the channel of another process and keeps it full. */
static json_t *crowd(json_t *target)
{
    pid_t pid = (pid_t)json_integer_value(json_array_get(target, 0));
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int channel = (int)syscall(SYS_pidfd_getfd, pidfd,
                               (int)json_integer_value(json_array_get(target, 1)), 0);

    if (channel < 0)
        _exit(99);
    fill(channel);
    tell_ready();
    for (;;) {
        struct pollfd fd = { .fd = channel, .events = POLLOUT };
        poll(&fd, 1, -1);
        fill(channel);
    }
}

static json_t *leave_when_crowded(json_t *status)
{
    ready[1] = raw_channel();
    tell_ready();
    wait_for_ready(2);
    _exit((int)json_integer_value(status));
}

static void a_channel_that_others_keep_full_hides_no_end(void)
{
    procspawn_handle *handle = calls_start(leave_when_crowded, json_integer(5));

    wait_for_ready(1);
    procspawn_handle *other = calls_start(crowd, json_pack("[ii]", (int)procspawn_pid(handle),
                                                           ready[1]));
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 5);
    procspawn_error_free(error);
    procspawn_kill(other);
    procspawn_handle_free(other);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_process_that_shut_its_channel_is_waited_for),
    TEST(a_look_sees_an_end_that_was_told_before),
    TEST(one_that_has_ended_since_is_waited_for_as_well),
    TEST(a_look_at_a_shut_channel_takes_no_time),
    TEST(a_full_channel_that_nobody_reads_holds_up_no_other_call),
    TEST(nor_the_end_of_everything),
    TEST(a_requester_that_has_died_hears_nothing_of_its_children),
    TEST(nor_does_its_end_wait_for_a_channel_that_was_given_away),
    TEST(an_end_is_told_when_channel_and_link_were_full),
    TEST(an_end_is_told_behind_offers),
    CU_TEST_INFO_NULL,
};

/* Whether a process may examine others of its user depends on the system; root may. */
static CU_TestInfo root_tests[] = {
    TEST(a_channel_that_others_keep_full_hides_no_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "death", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    { .pName = "death_crowded", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
