/*
 * escapes_by_birth.c - attempts to make processes and threads, also by the library and its sockets
 */
#include "tests/sandbox/escapes.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/sandbox.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

/* ---- processes ---- */

/* A process that was made ends at once, and is waited for. */
static int ended(pid_t pid)
{
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    waitpid(pid, NULL, __WALL);
    return DID;
}

static int forks(int handed)
{
    (void)handed;
    return ended((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int forks_by_the_library(int handed)
{
    (void)handed;
    return ended(fork());
}

static int forks_by_number(int handed)
{
    (void)handed;
#ifdef SYS_fork
    return ended((pid_t)syscall(SYS_fork));
#else
    return ended(fork());
#endif
}

static int forks_and_shares(int handed)
{
    (void)handed;
    return escape_told(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 1, 0, 0, 0));
}

static int forks_with_arguments_in_memory(int handed)
{
    struct clone_args arguments = { .exit_signal = SIGCHLD };

    (void)handed;
    return ended((pid_t)syscall(SYS_clone3, &arguments, sizeof arguments));
}

static int forks_a_sibling(int handed)
{
    (void)handed;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return escape_told(pid);
}

static int forks_with_a_high_half(int handed)
{
    (void)handed;
    return ended((pid_t)syscall(SYS_clone, (1UL << 33) | SIGCHLD, 0, 0, 0, 0));
}

static int forks_into_namespaces(int handed)
{
    (void)handed;
    return ended((pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
}

/* A thread by its flags, but with a table of descriptors of its own. */
static int makes_half_a_thread(int handed)
{
    (void)handed;
    return escape_told(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
}

static int makes_a_thread_of_its_own_kind(int handed)
{
    const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                CLONE_SYSVSEM | CLONE_NEWPID;
    (void)handed;
    return escape_told(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

/* Bounded here too, if it should be possible. */
static int forks_and_forks(int handed)
{
    enum { MOST = 20 };
    int result = DID;

    (void)handed;
    for (int i = 0; i < MOST && result == DID; i++)
        result = ended(fork());
    return result;
}

static void *nothing(void *unused)
{
    return unused;
}

static int makes_a_thread(int handed)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);

    (void)handed;
    if (rc == 0)
        pthread_join(thread, NULL);
    return rc;
}

static int runs_a_shell(int handed)
{
    (void)handed;
    int status = system("true");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? DID : EPERM;
}

static int runs_a_program(int handed)
{
    pid_t pid;
    int rc = posix_spawn(&pid, "/bin/true", NULL, NULL, (char *[]){ "true", NULL },
                         (char *[]){ NULL });
    (void)handed;
    if (rc == 0)
        waitpid(pid, NULL, 0);
    return rc;
}

/* ---- the library ---- */

static json_t *echo(json_t *argument)
{
    return json_incref(argument);
}

static int calls_another(int handed)
{
    json_t *result = NULL;
    int rc = procspawn_call(echo, NULL, &result, NULL);

    (void)handed;
    json_decref(result);
    return rc < 0 ? -rc : DID;
}

/* The library's own state, in memory that the function can write, would admit it. */
static int makes_a_pool(int handed)
{
    procspawn_pool *pool = NULL;
    int rc = procspawn_pool_new(1, &pool);

    (void)handed;
    if (rc == 0)
        procspawn_pool_free(pool);
    return rc < 0 ? -rc : DID;
}

static int leaves_the_sandbox(int handed)
{
    (void)handed;
    int rc = procspawn_sandbox_enter(PROCSPAWN_SANDBOX_NETWORK,
                                     PROCSPAWN_ALLOW_THREADS | PROCSPAWN_ALLOW_CODE);
    return rc < 0 ? -rc : DID;
}

/* ---- its sockets: the way to the server is closed, the channel takes no requests ---- */

static int asks_by_its_link(int handed)
{
    (void)handed;
    return raw_link() < 0 ? ENOTCONN : DID;
}

/* Every socket that it has is asked for children; an offer comes with a descriptor. */
static bool is_offered(int fd)
{
    struct wire_fork fork_one = { .count = 1 };
    const struct wire_header header = { .type = WIRE_FORK, .length = sizeof fork_one };
    struct iovec iov[2] = { { (void *)(uintptr_t)&header, sizeof header },
                            { &fork_one, sizeof fork_one } };
    const struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };
    char control[CMSG_SPACE(sizeof(int) * WIRE_MAX_FDS)];
    char body[512];
    struct iovec into = { body, sizeof body };
    struct msghdr answer = { .msg_iov = &into, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control };
    struct pollfd news = { .fd = fd, .events = POLLIN };

    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return false;
    poll(&news, 1, 50);
    return recvmsg(fd, &answer, MSG_DONTWAIT) > 0 && CMSG_FIRSTHDR(&answer) != NULL;
}

static int asks_by_all_sockets(int handed)
{
    int channel = raw_channel();

    (void)handed;
    for (int fd = STDERR_FILENO + 1; fd < 128; fd++) {
        if (fd != channel && is_offered(fd))
            return DID;
    }
    return ENOTCONN;
}

/* The server holds the channel of a child too, and takes no orders there: the victim lives. */
static int ends_the_victim_by_its_channel(int handed)
{
    struct wire_end_child end = { .id = 1, .pid = w->victim, .signal = SIGKILL };

    (void)handed;
    int rc = raw_send_as(raw_channel(), getpid(), WIRE_END_CHILD, &end, sizeof end);
    return rc < 0 ? -rc : DID;
}

static const struct escape escapes[] = {
    { "fork", forks, 0, ALL(DID, EPERM), NULL, 0 },
    { "fork by the library", forks_by_the_library, 0, ALL(DID, EPERM), NULL, 0 },
    { "fork by number", forks_by_number, 0, ALL(DID, EPERM), NULL, 0 },
    { "vfork", forks_and_shares, 0, ALL(SKIP, EPERM), NULL, 0 },
    { "clone3", forks_with_arguments_in_memory, 0, ALL(DID, ENOSYS), NULL, 0 },
    { "CLONE_PARENT", forks_a_sibling, 0, ALL(SKIP, EPERM), NULL, 0 },
    { "clone with a high half", forks_with_a_high_half, 0, ALL(DID, EPERM), NULL, 0 },
    { "clone into namespaces", forks_into_namespaces, 0, ALL(ANY, EPERM), NULL, 0 },
    { "half a thread", makes_half_a_thread, 0, DENIED(EINVAL), "clone", 0 },
    { "thread of a namespace", makes_a_thread_of_its_own_kind, 0, DENIED(ANY), "clone", 0 },
    { "forkbomb", forks_and_forks, 0, ALL(DID, EPERM), NULL, 0 },
    { "thread", makes_a_thread, 0, ALL(DID, EPERM), NULL, 0 },
    { "system", runs_a_shell, 0, ALL(DID, EPERM), NULL, 0 },
    { "posix_spawn", runs_a_program, 0, ALL(DID, EPERM), NULL, 0 },
    { "spawn", calls_another, 0, ALL(DID, -PROCSPAWN_ERIGHTS), NULL, 0 },
    { "pool", makes_a_pool, 0, ALL(DID, -PROCSPAWN_ERIGHTS), NULL, 0 },
    { "enter a wider sandbox", leaves_the_sandbox, 0, { SKIP, EINVAL, EINVAL, EINVAL }, NULL, 0 },
    { "link to the server", asks_by_its_link, 0, ALL(DID, ENOTCONN), NULL, 0 },
    { "channel", asks_by_all_sockets, 0, ALL(ANY, ENOTCONN), NULL, 0 },
    { "orders by the channel", ends_the_victim_by_its_channel, 0, ALL(SKIP, EITHER), NULL, 0 },
};

ESCAPE_TABLE(escapes_by_birth, escapes);
