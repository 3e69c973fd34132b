/*
 * descriptors.c - puts the table of descriptors back
 */
#include "src/fresh/descriptors.h"

#include "src/fresh/raw.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of newer kernels than the headers may be. */
enum { MAGIC_OF_PIDS = 0x50494446 };

/* Duplicates lie behind the numbers that programs use, and within the kernel's smallest table. */
enum { COPIES = 40 };

/* ---- the numbers that are open ---- */

/* As the kernel writes it. */
struct entry {
    uint64_t inode;
    int64_t next;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int number_of(const char *name)
{
    int number = 0;

    if (*name < '0' || *name > '9')
        return -1;
    for (; *name; name++)
        number = number * 10 + (*name - '0');
    return number;
}

/* Calls see(number, argument) for each, until that is false. Returns 0, -ECANCELED or -errno. */
static int for_each(int directory, struct fresh__work *work, bool (*see)(int fd, void *argument),
                    void *argument)
{
    char *buffer = work->text;
    long n;

    if (fresh__call(SYS_lseek, directory, 0, SEEK_SET) < 0)
        return -EBADF;
    while ((n = fresh__call(SYS_getdents64, directory, buffer, 32768)) > 0) {
        for (long at = 0; at < n;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            int fd = number_of(entry->name);
            if (fd >= 0 && !see(fd, argument))
                return -ECANCELED;
            at += entry->length;
        }
    }
    return (int)n;
}

/* ---- saving ---- */

static bool is_own(const struct fresh__saved *saved, int fd)
{
    const struct fresh__files *files = &saved->files;

    return fd == files->maps || fd == files->pagemap || fd == files->status || fd == files->fds ||
           fd == files->spaces || fd == files->server || fd == files->cwd ||
           fd == files->snapshot;
}

struct listing {
    struct fresh__saved *saved;
    unsigned all;
};

static bool list_fd(int fd, void *argument)
{
    struct listing *listing = argument;
    struct fresh__saved *saved = listing->saved;

    listing->all++;
    if (is_own(saved, fd))
        return true;
    if (saved->fd_count == FRESH__FDS)
        return false;
    saved->fd[saved->fd_count++] = (struct fresh__fd){ .fd = fd, .copy = -1 };
    return true;
}

static bool describe(struct fresh__fd *fd)
{
    struct stat status;
    long flags = fresh__call(SYS_fcntl, fd->fd, F_GETFD);

    if (flags < 0 || fresh__call(SYS_fstat, fd->fd, &status) < 0)
        return false;
    fd->closes_on_exec = flags & FD_CLOEXEC;
    fd->regular = fd->fd > STDERR_FILENO && S_ISREG(status.st_mode);
    fd->flags = fresh__call(SYS_fcntl, fd->fd, F_GETFL);
    fd->position = fresh__call(SYS_lseek, fd->fd, 0, SEEK_CUR);
    fd->copy = (int)fresh__call(SYS_fcntl, fd->fd, F_DUPFD_CLOEXEC, COPIES);
    return fd->copy >= 0;
}

static bool stays(const struct fresh__saved *saved, int number)
{
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (saved->fd[i].fd == number || saved->fd[i].copy == number)
            return true;
    }
    return is_own(saved, number);
}

static int highest(const struct fresh__saved *saved)
{
    const struct fresh__files *files = &saved->files;
    const int own[] = { files->maps,   files->pagemap, files->status, files->fds,
                        files->spaces, files->server,  files->cwd,    files->snapshot };
    int most = 0;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        most = own[i] > most ? own[i] : most;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        most = saved->fd[i].fd > most ? saved->fd[i].fd : most;
        most = saved->fd[i].copy > most ? saved->fd[i].copy : most;
    }
    return most;
}

static void list_gaps(struct fresh__saved *saved)
{
    const int last = highest(saved);
    int start = -1;

    saved->gap_count = 0;
    for (int number = 0; number <= last; number++) {
        if (!stays(saved, number)) {
            start = start < 0 ? number : start;
            continue;
        }
        if (start >= 0) {
            saved->gap[saved->gap_count].first = (unsigned)start;
            saved->gap[saved->gap_count++].last = (unsigned)number - 1;
        }
        start = -1;
    }
    saved->gap[saved->gap_count].first = (unsigned)last + 1;
    saved->gap[saved->gap_count++].last = ~0u;
}

/* Since Linux 6.2 the size of the directory is the number of open descriptors. */
static long count(const struct fresh__saved *saved)
{
    struct stat status;
    long rc = fresh__call(SYS_fstat, saved->files.fds, &status);

    return rc < 0 ? rc : (long)status.st_size;
}

bool fresh__descriptors_save(struct fresh__saved *saved, struct fresh__work *work)
{
    struct listing listing = { .saved = saved };

    saved->fd_count = 0;
    if (for_each(saved->files.fds, work, list_fd, &listing) < 0)
        return false;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!describe(&saved->fd[i]))
            return false;
    }
    list_gaps(saved);
    saved->open_count = listing.all + saved->fd_count;
    saved->counted = count(saved) == (long)saved->open_count;
    return fresh__descriptors_put_back(saved, work);
}

/* ---- looking ---- */

/* Local file systems, whose close(2) waits for nobody. */
static bool is_local(int fd)
{
    struct statfs system;

    if (fresh__call(SYS_fstatfs, fd, &system) < 0)
        return false;
    switch ((unsigned long)system.f_type) {
    case TMPFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case SQUASHFS_MAGIC:
    case RAMFS_MAGIC:
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case PIPEFS_MAGIC:
    case ANON_INODE_FS_MAGIC:
    case MAGIC_OF_PIDS:
    case NSFS_MAGIC:
    case HUGETLBFS_MAGIC:
        return true;
    default:
        return false;
    }
}

/* A socket that lingers waits for its peer. */
static bool is_quick_socket(int fd)
{
    struct linger linger;
    unsigned length = sizeof linger;

    return fresh__call(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0 &&
           !linger.l_onoff;
}

static bool is_quick_device(const struct stat *status)
{
    enum { MEMORY_DEVICES = 1 };    /* /dev/null, /dev/zero, /dev/urandom ... */
    return major(status->st_rdev) == MEMORY_DEVICES;
}

static bool closes_at_once(int fd)
{
    struct stat status;

    if (fresh__call(SYS_fstat, fd, &status) < 0)
        return false;
    switch (status.st_mode & S_IFMT) {
    case S_IFSOCK:
        return is_quick_socket(fd);
    case S_IFCHR:
        return is_quick_device(&status);
    case S_IFBLK:
        return false;
    default:
        return is_local(fd);
    }
}

static bool look_at(int fd, void *argument)
{
    const struct fresh__saved *saved = argument;
    return stays(saved, fd) || closes_at_once(fd);
}

/* The initializer's files: their position and flags belong to this process alone. */
static bool is_as_it_was(const struct fresh__fd *fd)
{
    return !fd->regular || (fresh__call(SYS_fcntl, fd->fd, F_GETFL) == fd->flags &&
                            fresh__call(SYS_lseek, fd->fd, 0, SEEK_CUR) == fd->position);
}

bool fresh__descriptors_look(const struct fresh__saved *saved, struct fresh__work *work)
{
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!is_as_it_was(&saved->fd[i]))
            return false;
    }
    if (saved->counted && count(saved) == (long)saved->open_count)
        return true;
    return for_each(saved->files.fds, work, look_at, (void *)(uintptr_t)saved) >= 0;
}

/* ---- putting back ---- */

/*
 * A file is not made anew if it is the same, because to close any descriptor of a file ends the
 * process's locks on it.
 */
static bool is_the_same(const struct fresh__fd *fd, long self)
{
    return fd->regular && fresh__call(SYS_kcmp, self, self, KCMP_FILE, fd->fd, fd->copy) == 0 &&
           fresh__call(SYS_fcntl, fd->fd, F_GETFD) == (fd->closes_on_exec ? FD_CLOEXEC : 0);
}

bool fresh__descriptors_put_back(const struct fresh__saved *saved, struct fresh__work *work)
{
    const long self = fresh__call(SYS_getpid, 0);

    (void)work;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        const struct fresh__fd *fd = &saved->fd[i];
        if (is_the_same(fd, self))
            continue;
        if (fresh__call(SYS_dup3, fd->copy, fd->fd, fd->closes_on_exec ? O_CLOEXEC : 0) < 0)
            return false;
    }
    for (unsigned i = 0; i < saved->gap_count; i++) {
        if (fresh__call(SYS_close_range, saved->gap[i].first, saved->gap[i].last, 0) < 0)
            return false;
    }
    return true;
}

void fresh__descriptors_forget(const struct fresh__saved *saved)
{
    for (unsigned i = 0; i < saved->fd_count; i++)
        fresh__call(SYS_close, saved->fd[i].copy);
}
