/*
 * init.c - forks the fork server while there is one thread
 */
#include "src/proc/sender.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/written.h"
#include "src/proc/placeholder.h"
#include "src/proc/threads.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct procspawn__image procspawn__image BASE_WRITTEN = { .root_pidfd = -1 };

static const int64_t end_grace = 2 * BASE_SECOND;

enum { SERVERS_MAX = 2, SPARES_PER_CPU = 2 };

static bool belongs_here(void)
{
    return procspawn__image.owner != 0 && procspawn__image.owner == getpid();
}

bool procspawn__ready(void)
{
    return belongs_here() && !procspawn__image.ending;
}

static void choose_options(const procspawn_config *config, struct forkserver_options *options)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    options->servers = cpus < 2 ? 1 : SERVERS_MAX;
    options->spares = config->spares >= 0 ? (unsigned)config->spares
                                          : (unsigned)(cpus > 0 ? cpus : 1) * SPARES_PER_CPU;
    options->catch_crashes = config->panic_handling;
    options->capture_backtraces = config->capture_backtraces;
    options->resolve_backtraces = config->resolve_backtraces;
    options->prepare = procspawn__child_prepare;
    options->enter = procspawn__child_enter;
}

/* A process in between dies at once, so that its child is nobody's here. */
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

static pid_t fork_twice(int *ret_pidfd)
{
    pid_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    *ret_pidfd = -1;
    if (shared == MAP_FAILED)
        return -1;
    *shared = -1;
    pid_t pid = fork_between(shared);
    int error = errno;
    munmap(shared, sizeof *shared);
    if (pid > 0)
        *ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    errno = error;
    return pid;
}

/*
 * A child that the host's wait() does not see: it has no exit signal. Where that is refused, a
 * child of nobody.
 */
static pid_t fork_unseen(int *ret_pidfd)
{
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; }
        arguments = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t)ret_pidfd };
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);

    if (pid >= 0)
        return pid;
    return fork_twice(ret_pidfd);
}

static int start_root(int ret_link[2])
{
    struct procspawn__image *image = &procspawn__image;
    sigset_t all, old;
    int rc = wire__pair(ret_link);

    if (rc < 0)
        return rc;
    image->privileged = procspawn__sender_privileged();
    image->options.host = getpid();
    image->options.host_link = ret_link[1];
    image->options.host_pidfd = base__fd_behind_stdio((int)syscall(SYS_pidfd_open, getpid(), 0));
    fflush(NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    image->root = fork_unseen(&image->root_pidfd);
    rc = image->root < 0 ? -errno : 0;
    if (image->root == 0)
        forkserver__root_main(&image->options);
    image->root_pidfd = base__fd_behind_stdio(image->root_pidfd);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (image->options.host_pidfd >= 0)
        close(image->options.host_pidfd);
    close(ret_link[1]);
    if (rc < 0)
        close(ret_link[0]);
    return rc;
}

/* Waits for the root and leaves no zombie of it. */
static void reap_root(void)
{
    struct procspawn__image *image = &procspawn__image;
    siginfo_t info;

    if (image->root_pidfd < 0)
        return;
    while (waitid(P_PIDFD, (id_t)image->root_pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
        continue;
    close(image->root_pidfd);
    image->root_pidfd = -1;
}

void procspawn__root_lost(int patience)
{
    struct pollfd fd = { .fd = procspawn__image.root_pidfd, .events = POLLIN };

    if (belongs_here() && fd.fd >= 0 && poll(&fd, 1, patience) == 1)
        reap_root();
}

/* The same for a root that was killed, or has nothing left to do. 0 or -ETIMEDOUT. */
static int reap_root_until(int64_t deadline)
{
    struct pollfd fd = { .fd = procspawn__image.root_pidfd, .events = POLLIN };
    bool ready = fd.fd < 0;

    while (!ready) {
        ready = poll(&fd, 1, base__poll_timeout(deadline)) == 1;
        if (!ready && base__now() >= deadline)
            return -ETIMEDOUT;
    }
    reap_root();
    return 0;
}

/* A signal for the root, which is still ours if it has not been reaped. */
static void signal_root(int signal)
{
    if (procspawn__image.root_pidfd >= 0)
        syscall(SYS_pidfd_send_signal, procspawn__image.root_pidfd, signal, NULL, 0);
}

static int start(int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;
    int link[2];

    procspawn__placeholder_renew();
    image->argc = image->config.pass_args ? argc : 0;
    image->argv = argv;
    int rc = procspawn__modules_remember();
    if (rc == 0)
        rc = procspawn__context_remember();
    if (rc == 0)
        rc = start_root(link);
    if (rc < 0)
        return rc;
    rc = procspawn__client_open(link[0], image->options.servers,
                                base__deadline(image->config.start_timeout));
    if (rc < 0) {
        procspawn__client_close();
        signal_root(SIGKILL);
        reap_root();
        return rc;
    }
    image->argc = argc;
    image->owner = getpid();
    return 0;
}

int procspawn_config_init(const procspawn_config *config, int argc, char **argv)
{
    struct procspawn__image *image = &procspawn__image;

    if (belongs_here())
        return -EALREADY;
    int rc = forkserver__probe();
    if (rc < 0)
        return rc;
    if (!procspawn__single_threaded())
        return PROCSPAWN_ETHREADS;
    if (image->owner != 0) {
        procspawn__client_forget();
        procspawn__context_forget();
    }
    *image = (struct procspawn__image){ .config = *config, .root_pidfd = -1 };
    choose_options(config, &image->options);
    return start(argc, argv);
}

int procspawn_init(int argc, char **argv)
{
    static const procspawn_config defaults = PROCSPAWN__CONFIG_DEFAULT;
    return procspawn_config_init(&defaults, argc, argv);
}

/*
 * Two thirds of the time are for seeing the last ones go. A grace of nothing would not do for a
 * timeout of nothing: it stands for the loss of the program.
 */
static int64_t grace_within(int64_t timeout)
{
    int64_t third = timeout / 3;

    if (timeout < 0 || third > end_grace)
        return end_grace;
    return third > 0 ? third : 1;
}

static void begin_end(int64_t grace)
{
    procspawn__image.ending = true;
    procspawn__pools_close();
    procspawn__client_end(grace);
}

/* All processes have ended, or shall do so with the root. 0 or -ETIMEDOUT: to be done again. */
static int finish_end(int64_t deadline)
{
    procspawn__client_close();
    signal_root(SIGKILL);
    int rc = reap_root_until(deadline);
    if (rc == 0)
        rc = procspawn__pools_join(deadline);
    if (rc < 0)
        return rc;
    procspawn__context_forget();
    procspawn__image.ending = false;
    procspawn__image.owner = 0;
    return 0;
}

/* Whoever stopped the root meanwhile does not stop the end. */
static int end_all(int64_t grace, int64_t deadline)
{
    if (!procspawn__image.ending)
        begin_end(grace);
    signal_root(SIGCONT);
    int rc = procspawn__client_wait_end(deadline);
    return rc < 0 ? rc : finish_end(deadline);
}

/* by_force: with the root all end, if nothing else helps. */
static int fini(int64_t timeout, bool by_force)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    if (!belongs_here() || procspawn__image.is_child)
        return PROCSPAWN_ENOTINIT;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = end_all(grace_within(timeout), deadline);
    if (rc == -ETIMEDOUT && by_force)
        rc = finish_end(BASE_NEVER);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_fini_timeout(int64_t timeout)
{
    return fini(timeout, false);
}

int procspawn_fini(void)
{
    return fini(3 * end_grace, true);
}

int procspawn_args(int *ret_argc, char ***ret_argv)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    *ret_argc = procspawn__image.argc;
    *ret_argv = procspawn__image.argv;
    return 0;
}
