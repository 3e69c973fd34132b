/*
 * syscall_check.c - checks that the system calls are available that a fork server needs
 *
 * Seccomp filters are inherited, so a call refused to the host is refused to its servers too, where
 * it would show late: as a child that is never reaped, or as a wait that always returns at once.
 * Each call is made here in a form that changes nothing.
 */
#include "forkserver/syscall_check.h"

#include "forkserver/process/private_memory.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns 0 or -errno; `allowed` is the errno that means success here. */
static int judge(long rc, int allowed)
{
    return rc < 0 && errno != allowed ? -errno : 0;
}

/* These calls have no errors: the C library returns what the kernel returns. */
static int probe_ids(void)
{
    const int ids[] = { getpid(), getppid(), gettid() };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (ids[i] < 0)
            return ids[i];
    }
    return 0;
}

static int probe_memory(void)
{
    enum { FEW = 1 };
    void *memory = forkserver__private_memory(FEW);

    if (!memory)
        return -errno;
    munmap(memory, FEW);
    return 0;
}

static int probe_limits(void)
{
    struct rlimit limit;

    return judge(getrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* No process is its own child: ECHILD. */
static int probe_reaping(void)
{
    siginfo_t info;
    int rc = judge(waitid(P_PID, (id_t)getpid(), &info, WEXITED | WNOHANG), ECHILD);

    if (rc == 0)
        rc = judge(waitpid(getpid(), NULL, WNOHANG), ECHILD);
    return rc < 0 ? rc : judge(kill(getpid(), 0), 0);
}

/* Sets the death signal and the subreaper flag to the values that they have. */
static int probe_reaper(void)
{
    int signal = 0, reaper = 0;

    if (prctl(PR_GET_PDEATHSIG, &signal) < 0 || prctl(PR_SET_PDEATHSIG, signal) < 0 ||
        prctl(PR_GET_CHILD_SUBREAPER, &reaper) < 0 || prctl(PR_SET_CHILD_SUBREAPER, reaper) < 0)
        return -errno;
    return 0;
}

static int probe_signals(void)
{
    struct signalfd_siginfo info;
    struct sigaction action;
    sigset_t none;

    sigemptyset(&none);
    if (sigprocmask(SIG_BLOCK, &none, NULL) < 0 || sigaction(SIGCHLD, NULL, &action) < 0)
        return -errno;
    int fd = signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    int rc = judge(read(fd, &info, sizeof info), EAGAIN);
    close(fd);
    return rc;
}

/* sock must be readable. */
static int probe_waits(int sock)
{
    struct timespec at_once = { 0, 0 };
    struct pollfd fd = { .fd = sock, .events = POLLIN };
    struct epoll_event event = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0)
        return -errno;
    int rc = judge(epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event), 0);
    if (rc == 0)
        rc = judge(epoll_wait(epoll, &event, 1, 0), 0);
    if (rc == 0)
        rc = judge(poll(&fd, 1, 0), 0);
    if (rc == 0)
        rc = judge(ppoll(&fd, 1, &at_once, NULL), 0);
    close(epoll);
    return rc;
}

static int probe_messages(const int ends[2])
{
    struct wire_end body = { 0 };
    struct wire_frame frame = { .body = &body, .capacity = sizeof body };
    int rc = wire__pass_sender(ends[0]);

    if (rc == 0)
        rc = wire__send_struct(ends[1], WIRE_END, &body, sizeof body, ends[1], true);
    if (rc == 0)
        rc = probe_waits(ends[0]);
    if (rc == 0)
        rc = wire__recv(ends[0], &frame, true);
    /*
     * The descriptor is this process's own. wire__close_fds would use a closer thread, and no
     * thread may exist before the fork.
     */
    if (rc == 0)
        close(wire__take_fd(&frame, 0));
    if (rc == 0)
        rc = judge(write(ends[1], "", 1), 0);
    return rc < 0 ? rc : judge(dup2(ends[1], ends[0]), 0);
}

static int probe_sockets(void)
{
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    rc = probe_messages(ends);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

int forkserver__check_syscalls(void)
{
    static int (*const probes[])(void) = {
        probe_ids, probe_memory, probe_limits, probe_reaping, probe_reaper, probe_signals,
        probe_sockets,
    };
    int rc = 0;

    for (size_t i = 0; i < sizeof probes / sizeof *probes && rc == 0; i++)
        rc = probes[i]();
    return rc;
}
