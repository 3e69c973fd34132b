/*
 * settle.c - from a copy of the host to a process that only serves
 */
#include "forkserver/internal.h"

#include "src/base/closer.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the kernel is too old for close_range(2), the table of descriptors is walked. */
static void close_between(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    unsigned end = (unsigned)sysconf(_SC_OPEN_MAX);
    for (unsigned fd = first; fd <= last && fd < end; fd++)
        close((int)fd);
}

/* A handful: qsort(3) would have each child touch more pages. */
static void sort(int *numbers, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        for (unsigned k = i; k > 0 && numbers[k - 1] > numbers[k]; k--) {
            int swapped = numbers[k];
            numbers[k] = numbers[k - 1];
            numbers[k - 1] = swapped;
        }
    }
}

void forkserver__close_but(const int *keep, unsigned keep_count)
{
    enum { MAX_KEEP = 8 };
    int sorted[MAX_KEEP];
    unsigned from = STDERR_FILENO + 1;

    for (unsigned i = 0; i < keep_count; i++)
        sorted[i] = keep[i];
    sort(sorted, keep_count);
    for (unsigned i = 0; i < keep_count; i++) {
        if (sorted[i] < (int)from)
            continue;
        close_between(from, (unsigned)sorted[i] - 1);
        from = (unsigned)sorted[i] + 1;
    }
    close_between(from, ~0U);
}

/* Where there is no such device: what is empty, and stays so whatever is written to it. */
static int open_nothing(void)
{
    int fd = memfd_create("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A number that is free here is the next descriptor's, which children would inherit. */
static void null_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        null = open_nothing();
    if (null < 0)
        _exit(1);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fd != null)
            dup2(null, fd);
    }
    if (null > STDERR_FILENO)
        close(null);
}

/* Handlers of the host must never run here or in a child: all are back to their defaults. */
static void reset_signals(void)
{
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

void forkserver__settle(const char *name, const int *keep, unsigned keep_count)
{
    reset_signals();
    base__close_by_threads(false);
    setsid();
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* Who was stopped sees the end of its parent all the same. */
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    forkserver__close_but(keep, keep_count);
    null_streams();
}
