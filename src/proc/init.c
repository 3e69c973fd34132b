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

static const int64_t start_limit = 5 * BASE_SECOND;
static const int64_t end_grace = 2 * BASE_SECOND;

enum { SERVERS_MAX = 2, SPARES_PER_CPU = 2 };

bool procspawn__ready(void)
{
    return procspawn__image.owner != 0 && procspawn__image.owner == getpid();
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

    if (procspawn__ready() && fd.fd >= 0 && poll(&fd, 1, patience) == 1)
        reap_root();
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
    rc = procspawn__client_open(link[0], image->options.servers, base__deadline(start_limit));
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

    if (procspawn__ready())
        return -EALREADY;
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

int procspawn_fini(void)
{
    struct procspawn__image *image = &procspawn__image;

    if (!procspawn__ready() || image->is_child)
        return PROCSPAWN_ENOTINIT;
    procspawn__pools_close();
    procspawn__client_end(end_grace);
    signal_root(SIGCONT);
    procspawn__client_wait_end(base__deadline(3 * end_grace));
    procspawn__client_close();
    signal_root(SIGKILL);
    reap_root();
    procspawn__pools_join();
    procspawn__context_forget();
    image->owner = 0;
    return 0;
}

int procspawn_args(int *ret_argc, char ***ret_argv)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    *ret_argc = procspawn__image.argc;
    *ret_argv = procspawn__image.argv;
    return 0;
}
