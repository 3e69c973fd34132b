/* The loss of a server: what goes with it, what goes on, and what is never lost. */
#include "tests/calls.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

static void calls_work(int count)
{
    for (int i = 0; i < count; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
}

/* ---- what is lost, and what is not ---- */

static void a_killed_server_loses_its_calls_and_later_ones_work(void)
{
    calls_begin();
    for (int i = 0; i < 5; i++) {
        procspawn_handle *handle = calls_start(calls_hang, NULL);
        calls_tree_add(tree, procspawn_pid(handle));
        kill(server_of(handle), SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, 10 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
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
    kill(calls_root(), SIGSTOP);
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

/* Nobody could set the signal again: the root ends it, to whom it comes. */
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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_killed_server_loses_its_calls_and_later_ones_work),
    TEST(what_a_killed_server_leaves_open_takes_no_call),
    TEST(when_all_servers_are_killed_others_take_their_place),
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
