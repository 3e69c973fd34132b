/*
 * root_process.c - forks the root so that no wait() of the program sees it; signals and reaps it
 */
#include "src/client/root_process.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/image/image.h"
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits only for children without an exit signal. */
enum { ENDED = WEXITED | __WCLONE };

static struct {
    pid_t pid;                  /* 0: none. Written with the client's lock, and atomically */
    int pidfd;                  /* if the root is not a child; -1: it is, or there is no pidfd */
} root = { .pidfd = -1 };

/* ---- fork ---- */

/* Double fork: the grandchild is reparented, so no wait() of this process sees it. */
static pid_t fork_between(pid_t *shared)
{
    pid_t pid = fork();

    if (pid == 0) {
        pid = fork();
        if (pid == 0)
            return 0;
        *shared = pid;
        _exit(0);
    }
    if (pid < 0)
        return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (*shared < 0)
        errno = EAGAIN;
    return *shared;
}

static pid_t fork_orphan(void)
{
    pid_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    if (shared == MAP_FAILED)
        return -1;
    *shared = -1;
    pid_t pid = fork_between(shared);
    int error = errno;
    munmap(shared, sizeof *shared);
    if (pid > 0)
        root.pidfd = base__fd_own((int)syscall(SYS_pidfd_open, pid, 0));
    errno = error;
    return pid;
}

/* clone(2) without flags: the child has no exit signal. */
static pid_t fork_unseen(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    return pid >= 0 ? pid : fork_orphan();
}

int procspawn__root_start(const struct forkserver_options *options)
{
    sigset_t before;

    fflush(NULL);
    base__block_signals(&before);
    procspawn__root_forget();
    root.pid = fork_unseen();
    int rc = root.pid < 0 ? -errno : 0;
    if (root.pid == 0) {
        base__fd_forget_all();
        forkserver__root_main(options);
    }
    base__restore_signals(&before);
    if (rc < 0)
        root.pid = 0;
    if (options->host_pidfd >= 0)
        close(options->host_pidfd);
    close(options->host_link);
    return rc;
}

/* get_robust_list(2) is the cheapest system call that checks the right to read another process. */
bool procspawn__root_readable(void)
{
    pid_t pid = __atomic_load_n(&root.pid, __ATOMIC_RELAXED);
    void *head;
    size_t length;

    if (pid == 0 || syscall(SYS_get_robust_list, pid, &head, &length) == 0)
        return true;
    return errno != EPERM && errno != EACCES;
}

void procspawn__root_forget(void)
{
    __atomic_store_n(&root.pid, 0, __ATOMIC_RELAXED);
    root.pidfd = -1;
}

/* ---- end ---- */

/* Is the root still a child, alive or a zombie? Otherwise its process id may have been reused. */
static bool is_child(void)
{
    siginfo_t info;

    return root.pid > 0 &&
           waitid(P_PID, (id_t)root.pid, &info, ENDED | WNOHANG | WNOWAIT) == 0;
}

/* Detects that the program has closed the pidfd. */
static void look_for_closed(void)
{
    if (root.pidfd < 0 || base__fd_is_ours(root.pidfd))
        return;
    base__fd_release(root.pidfd);
    root.pidfd = -1;
}

void procspawn__root_signal(int signal)
{
    look_for_closed();
    if (root.pidfd >= 0)
        syscall(SYS_pidfd_send_signal, root.pidfd, signal, NULL, 0);
    else if (is_child())
        kill(root.pid, signal);
}

/* Returns a pidfd of the root, readable when it has ended; -1: no root, or no pidfd. */
static int open_end(void)
{
    if (root.pidfd >= 0 || !is_child())
        return root.pidfd;
    return (int)syscall(SYS_pidfd_open, root.pid, 0);
}

static void forget_end(int fd)
{
    if (fd == root.pidfd)
        base__fd_close(fd);
    else
        close(fd);
    procspawn__root_forget();
}

static bool has_ended(int fd)
{
    struct pollfd end = { .fd = fd, .events = POLLIN };
    siginfo_t info = { .si_pid = 0 };

    if (root.pidfd >= 0)
        return poll(&end, 1, 0) > 0;
    return waitid(P_PID, (id_t)root.pid, &info, ENDED | WNOHANG) < 0 || info.si_pid != 0;
}

int procspawn__root_reap(int64_t deadline)
{
    enum { RECHECK = 1 };

    look_for_closed();
    struct pollfd end = { .fd = open_end(), .events = POLLIN };

    while (root.pid > 0 && !has_ended(end.fd)) {
        if (base__now() >= deadline) {
            if (end.fd != root.pidfd)
                close(end.fd);
            return -ETIMEDOUT;
        }
        poll(&end, 1, end.fd >= 0 ? base__poll_timeout(deadline) : RECHECK);
    }
    forget_end(end.fd);
    return 0;
}

void procspawn__root_lost(void)
{
    if (procspawn__image_is_ours() && !procspawn__image.is_child)
        procspawn__root_reap(base__now());
}
