/*
 * fd.c - checked descriptors: a table of what the library keeps, and eventfds
 */
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int off_streams(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(fd);
    return copy < 0 ? -error : copy;
}

/* ---- the table of notes ---- */

/*
 * The table is shared by all threads. Each number has at most one owner, so notes need no lock.
 * Numbers beyond the table, and numbers for whose piece there was no memory, are not noted.
 */
enum { PIECES = 512, PIECE = 2048 };

static uint64_t *pieces[PIECES];

/*
 * A note identifies the file of a descriptor. All eventfds share one inode, so a file that only the
 * library has opened is marked instead: with a signal set by F_SETSIG, which the kernel never sends
 * because O_ASYNC is off. All other notes are a hash of device and inode.
 */
enum { NONE, MARKED, UNKNOWN, INODES };

static uint64_t *note_of(int fd, bool make)
{
    if (fd < 0 || fd >= PIECES * PIECE)
        return NULL;
    uint64_t **place = &pieces[fd / PIECE];
    uint64_t *piece = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (!piece && make) {
        uint64_t *fresh = calloc(PIECE, sizeof *fresh);
        if (!fresh)
            return NULL;
        if (__atomic_compare_exchange_n(place, &piece, fresh, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            piece = fresh;
        else
            free(fresh);
    }
    return piece ? &piece[fd % PIECE] : NULL;
}

static uint64_t read_note(int fd)
{
    uint64_t *note = note_of(fd, false);
    return note ? __atomic_load_n(note, __ATOMIC_ACQUIRE) : NONE;
}

static void write_note(int fd, uint64_t value)
{
    uint64_t *note = note_of(fd, value != NONE);
    if (note)
        __atomic_store_n(note, value, __ATOMIC_RELEASE);
}

static int mark(void)
{
    return SIGRTMAX;
}

static bool set_mark(int fd)
{
    return fcntl(fd, F_SETSIG, mark()) == 0;
}

static uint64_t note_for(uint64_t inode, uint64_t device)
{
    uint64_t value = inode * UINT64_C(0x9e3779b97f4a7c15) ^ device;
    return value < INODES ? value + INODES : value;
}

/*
 * The file may belong to another process. AT_STATX_DONT_SYNC makes the kernel answer from its
 * cache, because the file system may never answer. A seccomp filter may refuse statx(2): then
 * UNKNOWN.
 */
static uint64_t inode_of(int fd)
{
    struct statx status;

    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &status) < 0)
        return errno == EBADF ? NONE : UNKNOWN;
    return note_for(status.stx_ino, makedev(status.stx_dev_major, status.stx_dev_minor));
}

static bool is_marked(int fd)
{
    int found = fcntl(fd, F_GETSIG);
    return found < 0 ? errno != EBADF : found == mark();
}

/* ---- kept descriptors ---- */

int base__fd_behind_stdio(int fd)
{
    fd = off_streams(fd);
    while (fd >= 0 && read_note(fd) != NONE) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
        int error = errno;
        close(fd);
        fd = copy < 0 ? -error : copy;
    }
    return fd;
}

int base__ends_behind_stdio(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        ends[i] = base__fd_behind_stdio(ends[i]);
        if (ends[i] < 0) {
            close(ends[!i]);
            return ends[i];
        }
    }
    return 0;
}

int base__fd_own(int fd)
{
    fd = base__fd_behind_stdio(fd);
    if (fd >= 0)
        write_note(fd, set_mark(fd) ? (uint64_t)MARKED : inode_of(fd));
    return fd;
}

int base__fd_hold(int fd)
{
    fd = base__fd_behind_stdio(fd);
    if (fd >= 0)
        write_note(fd, inode_of(fd));
    return fd;
}

uint64_t base__fd_file(const struct stat *status)
{
    return note_for(status->st_ino, status->st_dev);
}

int base__fd_hold_file(int fd, uint64_t file)
{
    if (file == 0)
        return base__fd_hold(fd);
    fd = base__fd_behind_stdio(fd);
    if (fd >= 0)
        write_note(fd, file);
    return fd;
}

bool base__fd_is_held(int fd)
{
    return read_note(fd) != NONE;
}

bool base__fd_is_ours_as(int fd, uint64_t file)
{
    uint64_t note = read_note(fd);

    if (file == 0 || note == MARKED)
        return base__fd_is_ours(fd);
    return note == NONE || note == UNKNOWN || note == file;
}

int base__fd_copy(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return copy < 0 ? -errno : base__fd_hold(copy);
}

bool base__fd_is_ours(int fd)
{
    if (fd < 0)
        return false;
    uint64_t note = read_note(fd);

    if (note == MARKED)
        return is_marked(fd);
    if (note == NONE || note == UNKNOWN)
        return true;
    uint64_t found = inode_of(fd);
    return found == note || found == UNKNOWN;
}

/*
 * Erases the note before the caller closes the descriptor: once the number is free, another thread
 * may use it.
 */
int base__fd_release(int fd)
{
    if (fd < 0)
        return -1;
    bool ours = base__fd_is_ours(fd);

    write_note(fd, NONE);
    return ours ? fd : -1;
}

void base__fd_close(int fd)
{
    if (fd < 0)
        return;
    int error = errno;

    fd = base__fd_release(fd);
    if (fd >= 0)
        close(fd);
    errno = error;
}

void base__fd_forget_all(void)
{
    for (int i = 0; i < PIECES; i++) {
        free(pieces[i]);
        pieces[i] = NULL;
    }
}

/* ---- eventfds ---- */

int base__event(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : base__fd_own(fd);
}

void base__event_raise(int fd)
{
    if (base__fd_is_ours(fd))
        eventfd_write(fd, 1);
}

void base__event_clear(int fd)
{
    eventfd_t count;

    if (base__fd_is_ours(fd))
        eventfd_read(fd, &count);
}

int base__event_reopen(int *fd)
{
    if (base__fd_is_ours(*fd))
        return *fd;
    base__fd_release(*fd);
    int fresh = base__event();
    *fd = fresh < 0 ? -1 : fresh;
    return fresh;
}
