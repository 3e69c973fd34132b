/*
 * server_loss_test.c - the loss of a server: which calls it costs, and which continue
 */
#include "src/client/state.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

static int *ready;              /* shared with the processes of a test */
static struct calls_tree *tree;

static void begin(void)
{
    ready = mmap(NULL, sizeof *ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    tree = calloc(1, sizeof *tree);
}

static void end(void)
{
    calls_tree_close(tree);
    free(tree);
    munmap(ready, sizeof *ready);
}

static json_t *tell_and_hang(json_t *argument)
{
    __atomic_store_n(ready, 1, __ATOMIC_RELEASE);
    return calls_hang(argument);
}

static void wait_for_ready(void)
{
    while (!__atomic_load_n(ready, __ATOMIC_ACQUIRE))
        poll(NULL, 0, 1);
}

static pid_t server_of(const procspawn_handle *handle)
{
    return (pid_t)calls_status(procspawn_pid(handle), "PPid:");
}

/* The answer ends at once. */
static void check_lost(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 5 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
}

static void calls_work(int count)
{
    for (int i = 0; i < count; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
}

/* ---- what is lost, and what is not ---- */

/* Its channel has ended when the library does, and its end has not been told. */
static void a_lost_call_can_be_waited_for_after_fini(void)
{
    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    kill(server_of(handle), SIGKILL);
    check_lost(handle);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 5 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
    procspawn_handle_free(handle);
}

static void a_killed_server_loses_its_calls_and_later_ones_work(void)
{
    calls_begin();
    for (int i = 0; i < 5; i++) {
        procspawn_handle *handle = calls_start(calls_hang, NULL);
        calls_tree_add(tree, procspawn_pid(handle));
        kill(server_of(handle), SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
        PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), PROCSPAWN_ESERVER);
        calls_check_error(calls_error(handle), PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
        calls_work(5);
    }
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
    calls_end();
}


enum { HELD_MAX = 512 };

struct held {
    int count;
    int fd[HELD_MAX];
};

/* Every descriptor of a process, as one that it was just forking would hold them. */
static void hold_all_of(pid_t pid, struct held *held)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    for (int fd = 0; fd < HELD_MAX && held->count < HELD_MAX; fd++) {
        int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
        if (copy >= 0)
            held->fd[held->count++] = copy;
    }
    close(pidfd);
}

static void let_go(struct held *held)
{
    while (held->count > 0)
        close(held->fd[--held->count]);
}

static void what_a_killed_server_leaves_open_takes_no_call(void)
{
    struct held held = { .count = 0 };

    calls_begin();
    calls_work(1);
    struct calls_tree servers = { 0 };
    calls_tree_open(tree, calls_root());
    calls_tree_open(&servers, calls_root());
    for (unsigned i = 0; i < servers.count; i++) {
        if (calls_status(servers.pid[i], "PPid:") == calls_root())
            hold_all_of(servers.pid[i], &held);
    }
    calls_tree_close(&servers);
    if (held.count == 0)
        CU_PASS("filters of system calls forbid to hold them; the rest is tested all the same");
    calls_signal_servers(SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
    calls_work(20);
    let_go(&held);
    calls_end();
}

static void when_all_servers_are_killed_others_take_their_place(void)
{
    calls_begin();
    for (int i = 0; i < 5; i++) {
        calls_tree_open(tree, calls_root());
        calls_signal_servers(SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
        calls_tree_close(tree);
        calls_work(10);
    }
    calls_end();
}

/* ---- when it is said ---- */

static json_t *burn(json_t *argument)
{
    for (volatile unsigned i = 0;; i++)
        continue;
    return argument;
}

/* Only the root knows what has become of them. */
static void no_end_is_said_before_the_root_has_seen_it(void)
{
    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    pid_t pid = procspawn_pid(handle);
    calls_stop(calls_root());
    kill(server_of(handle), SIGKILL);
    check_lost(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 200 * CALLS_MS, NULL), -ETIMEDOUT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
    CU_ASSERT(kill(pid, 0) < 0);
    procspawn_handle_free(handle);
    calls_end();
}

static void busy_processes_are_gone_when_it_is_said(void)
{
    enum { CALLS = 20 };
    procspawn_handle *handles[CALLS];
    pid_t pids[CALLS];

    calls_begin();
    for (int i = 0; i < CALLS; i++) {
        handles[i] = calls_start(burn, NULL);
        pids[i] = procspawn_pid(handles[i]);
    }
    calls_signal_servers(SIGKILL);
    for (int i = 0; i < CALLS; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handles[i], 20 * CALLS_SECOND, NULL),
                              PROCSPAWN_ESERVER);
        CU_ASSERT(kill(pids[i], 0) < 0);
        procspawn_handle_free(handles[i]);
    }
    calls_end();
}

/* Each ignores what can be ignored, in a session of its own. */
static json_t *leave_a_chain(json_t *argument)
{
    pid_t *pids = (pid_t *)(ready + 1);

    for (int depth = 0; depth < 3; depth++) {
        if (fork() != 0)
            break;
        setsid();
        pids[depth] = getpid();
        __atomic_add_fetch(ready, 1, __ATOMIC_RELEASE);
    }
    return calls_hang(argument);
}

static void what_they_had_started_is_gone_too(void)
{
    const pid_t *pids = (pid_t *)(ready + 1);

    *ready = 0;
    calls_begin();
    procspawn_handle *handle = calls_start(leave_a_chain, NULL);
    while (__atomic_load_n(ready, __ATOMIC_ACQUIRE) < 3)
        poll(NULL, 0, 1);
    kill(server_of(handle), SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(kill(pids[i], 0) < 0);
    procspawn_handle_free(handle);
    calls_end();
}

static void a_scope_closes_when_its_processes_are_gone(void)
{
    enum { CALLS = 20 };
    pid_t pids[CALLS];
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    for (int i = 0; i < CALLS; i++) {
        procspawn_handle *handle;
        CU_ASSERT_FATAL(scoped_procspawn(root, NULL, burn, NULL, &handle) == 0);
        pids[i] = procspawn_pid(handle);
        procspawn_handle_free(handle);
    }
    calls_signal_servers(SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(20 * CALLS_SECOND)), 0);
    for (int i = 0; i < CALLS; i++)
        CU_ASSERT(kill(pids[i], 0) < 0);
    calls_end();
}

/* The root's messages wait for room on its link, which is not read meanwhile. */
static void many_losses_that_nobody_looks_at_are_made_good(void)
{
    enum { LOSSES = 150 };

    calls_begin();
    for (int i = 0; i < LOSSES; i++) {
        pid_t server = calls_server();
        struct calls_tree lost = { 0 };
        if (server > 0) {
            calls_tree_add(&lost, server);
            kill(server, SIGKILL);
            calls_tree_left(&lost, 10 * CALLS_SECOND);
            calls_tree_close(&lost);
        }
    }
    calls_work(20);
    calls_end();
}

/* ---- what dies with it ---- */

/* A change of ids clears the death signal, which is set again. No root comes to help. */
static void a_child_of_other_ids_dies_with_its_server(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    uid_t uid = geteuid() == 0 ? SOMEBODY : geteuid();

    calls_begin();
    procspawn_builder_uid(builder, uid);
    procspawn_handle *handle = calls_build(builder, tell_and_hang, NULL);
    procspawn_builder_free(builder);
    wait_for_ready();
    PROCSPAWN_CUNIT_EQUAL(calls_status(procspawn_pid(handle), "Uid:"), uid);
    calls_tree_add(tree, procspawn_pid(handle));
    calls_stop(calls_root());
    kill(server_of(handle), SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
    kill(calls_root(), SIGCONT);
    procspawn_handle_free(handle);
    calls_end();
}

static json_t *change_ids_and_hang(json_t *uid)
{
    if (setresuid((uid_t)json_integer_value(uid), (uid_t)json_integer_value(uid),
                  (uid_t)json_integer_value(uid)) < 0)
        return NULL;
    return tell_and_hang(uid);
}

/* The signal cannot be set again: the root, which inherits the child, ends it. */
static void a_child_that_changed_its_ids_itself_dies_with_its_server(void)
{
    calls_begin();
    procspawn_handle *handle =
        calls_start(change_ids_and_hang, json_integer(geteuid() == 0 ? SOMEBODY : geteuid()));
    wait_for_ready();
    calls_tree_add(tree, procspawn_pid(handle));
    kill(server_of(handle), SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
    procspawn_handle_free(handle);
    calls_end();
}

/* What the root has sent: the server is gone, here is another. The latter brings descriptors. */
static void wait_for_unread_server(void)
{
    const int both = 2 * (int)sizeof(struct wire_header) + (int)sizeof(struct wire_gone) +
                     (int)sizeof(struct wire_server);
    int link = procspawn__client.root, unread = 0;

    while (ioctl(link, FIONREAD, &unread) == 0 && unread < both)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(unread, both);
}

static void a_server_that_cannot_be_received_does_not_delay_fini(void)
{
    struct room room;

    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    pid_t server = server_of(handle);
    room_fill(&room);
    kill(server, SIGKILL);
    wait_for_unread_server();
    int64_t start = calls_now();
    calls_end();
    CU_ASSERT(calls_now() - start < 3 * CALLS_SECOND / 2);
    room_end(&room);
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_killed_server_loses_its_calls_and_later_ones_work),
    TEST(a_lost_call_can_be_waited_for_after_fini),
    TEST(what_a_killed_server_leaves_open_takes_no_call),
    TEST(when_all_servers_are_killed_others_take_their_place),
    TEST(no_end_is_said_before_the_root_has_seen_it),
    TEST(busy_processes_are_gone_when_it_is_said),
    TEST(what_they_had_started_is_gone_too),
    TEST(a_scope_closes_when_its_processes_are_gone),
    TEST(a_server_that_cannot_be_received_does_not_delay_fini),
    TEST(many_losses_that_nobody_looks_at_are_made_good),
    TEST(a_child_of_other_ids_dies_with_its_server),
    TEST(a_child_that_changed_its_ids_itself_dies_with_its_server),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "server_loss", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
