/*
 * daemonize.c - turns a forked copy of the host into a daemon
 *
 * Runs in the root and in each server.
 */
#include "forkserver/process/daemonize.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels before 5.9 have no close_range(2): then each descriptor is closed by itself. */
static void close_between(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    unsigned end = (unsigned)sysconf(_SC_OPEN_MAX);
    for (unsigned fd = first; fd <= last && fd < end; fd++)
        close((int)fd);
}

/* Returns the lowest descriptor from `from` on that is kept, or -1. */
static int next_kept(int from, const int *keep, unsigned keep_count, uint64_t held)
{
    int next = -1;

    for (unsigned i = 0; i < keep_count; i++) {
        if (keep[i] >= from && (next < 0 || keep[i] < next))
            next = keep[i];
    }
    uint64_t left = from < FORKSERVER_HELD ? held >> from << from : 0;
    int number = left ? __builtin_ctzll(left) : -1;
    return number >= 0 && (next < 0 || number < next) ? number : next;
}

void forkserver__close_except(const int *keep, unsigned keep_count, uint64_t held)
{
    int from = STDERR_FILENO + 1;
    int kept;

    while ((kept = next_kept(from, keep, keep_count, held)) >= 0) {
        close_between((unsigned)from, (unsigned)kept - 1);
        from = kept + 1;
    }
    close_between((unsigned)from, ~0U);
}

uint64_t forkserver__open_numbers(void)
{
    uint64_t numbers = 0;

    for (int fd = STDERR_FILENO + 1; fd < FORKSERVER_HELD; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            numbers |= UINT64_C(1) << fd;
    }
    return numbers;
}

/* Without /dev/null: a sealed empty memfd reads as empty and refuses writes. */
static int open_nothing(void)
{
    int fd = memfd_create("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_null(int flags)
{
    int fd = open("/dev/null", flags | O_CLOEXEC);
    return base__fd_behind_stdio(fd < 0 ? open_nothing() : fd);
}

static bool is_held(uint64_t held, int fd)
{
    return fd < FORKSERVER_HELD && (held >> fd & 1);
}

/*
 * Fills free numbers with /dev/null. Otherwise the next descriptor would take a free number:
 * children would inherit it as a standard stream, or use it as the file that the host had under it.
 */
void forkserver__hold_numbers(uint64_t held)
{
    int streams = open_null(O_RDWR), rest = open_null(O_RDONLY);

    if (streams < 0 || rest < 0)
        _exit(1);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(streams, fd);
    for (int fd = STDERR_FILENO + 1; fd < FORKSERVER_HELD; fd++) {
        if (is_held(held, fd) && fd != rest)
            dup3(rest, fd, O_CLOEXEC);
    }
    if (!is_held(held, streams))
        close(streams);
    if (!is_held(held, rest))
        close(rest);
}

/* Resets all signals: handlers of the host must not run here or in a child. */
static void reset_signals(void)
{
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

void forkserver__daemonize(const char *name, const int *keep, unsigned keep_count, uint64_t held)
{
    reset_signals();
    base__close_by_threads(false);
    setsid();
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* A stopped root or server must continue to notice that its parent died. */
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    forkserver__close_except(keep, keep_count, held);
}
