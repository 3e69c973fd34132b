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
#include <sys/vfs.h>
#include <unistd.h>

/* Of newer kernels than the headers may be. */
enum { MAGIC_OF_PIDS = 0x50494446, DUPFD_QUERY = 1024 + 3, CLOEXEC_OF_RANGE = 1 << 2 };

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

/* ---- those of the reset ---- */

static bool is_own(const struct fresh__saved *saved, int fd)
{
    const struct fresh__files *files = &saved->files;

    return fd == files->maps || fd == files->pagemap || fd == files->status || fd == files->fds ||
           fd == files->spaces || fd == files->server || fd == files->cwd ||
           fd == files->snapshot || fd == files->timers;
}

/* ---- what /proc/self/fdinfo tells: position, flags, locks; of some what is in them ---- */

enum { NUMBER = 12 };

static void write_number(int number, char text[NUMBER])
{
    char *end = text + NUMBER - 1;

    *end = '\0';
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (; *end; end++)
        *text++ = *end;
    *text = '\0';
}

/* FNV-1a of Fowler, Noll and Vo. 0: it cannot be read. */
static uint64_t sum_up(int info, struct fresh__work *work)
{
    long length = fresh__call(SYS_pread64, info, work->text, sizeof work->text, 0);
    uint64_t sum = 0xcbf29ce484222325ULL;

    if (length <= 0)
        return 0;
    for (long i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)work->text[i]) * 0x100000001b3ULL;
    return sum;
}

static void read_info(const struct fresh__saved *saved, struct fresh__fd *fd,
                      struct fresh__work *work)
{
    char name[NUMBER];

    write_number(fd->fd, name);
    long info = fresh__call(SYS_openat, saved->files.infos, name, O_RDONLY | O_CLOEXEC);
    if (info < 0)
        return;
    fd->info = (int)fresh__call(SYS_fcntl, info, F_DUPFD_CLOEXEC, COPIES);
    fresh__call(SYS_close, info);
    if (fd->info >= 0)
        fd->info_sum = sum_up(fd->info, work);
}

/* ---- saving ---- */

struct listing {
    struct fresh__saved *saved;
    unsigned all;
};

static bool list_fd(int fd, void *argument)
{
    struct listing *listing = argument;
    struct fresh__saved *saved = listing->saved;

    if (fd == saved->files.infos)
        return true;
    listing->all++;
    if (is_own(saved, fd))
        return true;
    if (saved->fd_count == FRESH__FDS)
        return false;
    saved->fd[saved->fd_count++] = (struct fresh__fd){ .fd = fd, .copy = -1, .info = -1 };
    return true;
}

/* Files, pipes, eventfds and the like. The library's own channels are sockets. */
static bool may_be_own(int fd, unsigned mode)
{
    return fd > STDERR_FILENO && !S_ISSOCK(mode) && !S_ISCHR(mode) && !S_ISBLK(mode);
}

static bool describe(const struct fresh__saved *saved, struct fresh__fd *fd,
                     struct fresh__work *work)
{
    struct stat status;
    long flags = fresh__call(SYS_fcntl, fd->fd, F_GETFD);

    if (flags < 0 || fresh__call(SYS_fstat, fd->fd, &status) < 0)
        return false;
    fd->closes_on_exec = flags & FD_CLOEXEC;
    fd->device = status.st_dev;
    fd->inode = status.st_ino;
    fd->mode = status.st_mode;
    fd->flags = fresh__call(SYS_fcntl, fd->fd, F_GETFL);
    fd->own = may_be_own(fd->fd, status.st_mode);
    fd->regular = fd->own && S_ISREG(status.st_mode);
    fd->position = fd->regular ? fresh__call(SYS_lseek, fd->fd, 0, SEEK_CUR) : 0;
    if (fd->own)
        read_info(saved, fd, work);
    fd->copy = (int)fresh__call(SYS_fcntl, fd->fd, F_DUPFD_CLOEXEC, COPIES);
    return fd->copy >= 0;
}

static bool stays(const struct fresh__saved *saved, int number)
{
    for (unsigned i = 0; i < saved->fd_count; i++) {
        const struct fresh__fd *fd = &saved->fd[i];
        if (fd->fd == number || fd->copy == number || fd->info == number)
            return true;
    }
    return is_own(saved, number);
}

static int highest(const struct fresh__saved *saved)
{
    const struct fresh__files *files = &saved->files;
    const int own[] = { files->maps,   files->pagemap, files->status,   files->fds,   files->spaces,
                        files->server, files->cwd,     files->snapshot, files->timers };
    int most = 0;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        most = own[i] > most ? own[i] : most;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        most = saved->fd[i].fd > most ? saved->fd[i].fd : most;
        most = saved->fd[i].copy > most ? saved->fd[i].copy : most;
        most = saved->fd[i].info > most ? saved->fd[i].info : most;
    }
    return most;
}

/* Before the kernel knows the flag of close_range(2) each descriptor is seen. */
static void find_all_close_from(struct fresh__saved *saved)
{
    int last = STDERR_FILENO;

    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!saved->fd[i].closes_on_exec && saved->fd[i].fd > last)
            last = saved->fd[i].fd;
    }
    saved->all_close_from = (unsigned)last + 1;
    if (fresh__call(SYS_close_range, saved->all_close_from, ~0u, CLOEXEC_OF_RANGE) < 0)
        saved->all_close_from = 0;
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
    unsigned infos = 0;

    saved->fd_count = 0;
    if (for_each(saved->files.fds, work, list_fd, &listing) < 0)
        return false;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!describe(saved, &saved->fd[i], work))
            return false;
        infos += saved->fd[i].info >= 0;
    }
    fresh__call(SYS_close, saved->files.infos);
    list_gaps(saved);
    find_all_close_from(saved);
    saved->open_count = listing.all + saved->fd_count + infos;
    saved->counted = count(saved) == (long)saved->open_count;
    saved->compared = fresh__call(SYS_fcntl, saved->files.cwd, DUPFD_QUERY, saved->files.cwd) == 1;
    work->found.fds = true;
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

/* What major(3) says. Without optimisation that is a call into the C library. */
static uint64_t major_number(uint64_t device)
{
    return (device >> 8 & 0xfff) | (device >> 32 & ~UINT64_C(0xfff));
}

static bool is_quick_device(const struct stat *status)
{
    enum { MEMORY_DEVICES = 1 };    /* /dev/null, /dev/zero, /dev/urandom ... */
    return major_number(status->st_rdev) == MEMORY_DEVICES;
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

/* The initializer's files: position, flags and locks belong to this process alone. */
static bool is_as_it_was(const struct fresh__fd *fd, struct fresh__work *work)
{
    if (fd->info >= 0)
        return sum_up(fd->info, work) == fd->info_sum;
    return !fd->own ||
           (fresh__call(SYS_fcntl, fd->fd, F_GETFL) == fd->flags &&
            (!fd->regular || fresh__call(SYS_lseek, fd->fd, 0, SEEK_CUR) == fd->position));
}

/*
 * Are the descriptor and its duplicate of one open file? An older kernel is only asked for files,
 * since that takes it longer than to make the descriptor anew.
 */
static bool is_the_same(const struct fresh__saved *saved, const struct fresh__fd *fd)
{
    if (saved->compared)
        return fresh__call(SYS_fcntl, fd->fd, DUPFD_QUERY, fd->copy) == 1;
    const long self = fd->regular ? fresh__call(SYS_getpid, 0) : 0;
    return fd->regular && fresh__call(SYS_kcmp, self, self, KCMP_FILE, fd->fd, fd->copy) == 0;
}

/* A program may have opened something else at the number of the duplicate. */
static bool is_intact(const struct fresh__fd *fd)
{
    struct stat status;

    return fresh__call(SYS_fstat, fd->copy, &status) == 0 && status.st_dev == fd->device &&
           status.st_ino == fd->inode && status.st_mode == fd->mode &&
           (fresh__call(SYS_fcntl, fd->copy, F_GETFL) & O_ACCMODE) == (fd->flags & O_ACCMODE);
}

/* Can it be made anew, which closes what has taken its place? */
static bool is_replaceable(const struct fresh__fd *fd)
{
    return is_intact(fd) &&
           (fresh__call(SYS_fcntl, fd->fd, F_GETFD) < 0 || closes_at_once(fd->fd));
}

static bool has_flag(const struct fresh__saved *saved, const struct fresh__fd *fd)
{
    if (saved->all_close_from > 0 && (unsigned)fd->fd >= saved->all_close_from)
        return true;
    return fresh__call(SYS_fcntl, fd->fd, F_GETFD) == (fd->closes_on_exec ? FD_CLOEXEC : 0);
}

static bool look_at_known(const struct fresh__saved *saved, const struct fresh__fd *fd,
                          struct fresh__work *work)
{
    if (!is_as_it_was(fd, work))
        return false;
    if (is_the_same(saved, fd)) {
        work->found.fds |= !has_flag(saved, fd);
        return true;
    }
    work->found.fds = true;
    return !(saved->compared || fd->regular) || is_replaceable(fd);
}

/* To have all close on exec takes one system call, to see which do takes one for each. */
static void put_back_flags(const struct fresh__saved *saved)
{
    if (saved->all_close_from > 0)
        fresh__call(SYS_close_range, saved->all_close_from, ~0u, CLOEXEC_OF_RANGE);
}

bool fresh__descriptors_look(const struct fresh__saved *saved, struct fresh__work *work)
{
    put_back_flags(saved);
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!look_at_known(saved, &saved->fd[i], work))
            return false;
    }
    if (saved->counted && count(saved) == (long)saved->open_count)
        return true;
    work->found.fds = true;
    return for_each(saved->files.fds, work, look_at, (void *)(uintptr_t)saved) >= 0;
}

/* ---- putting back ---- */

/*
 * A file is not made anew if it is the same, because to close any descriptor of a file ends the
 * process's locks on it.
 */
static bool put_back_known(const struct fresh__saved *saved, const struct fresh__fd *fd)
{
    const long on_exec = fd->closes_on_exec ? FD_CLOEXEC : 0;

    if (is_the_same(saved, fd))
        return has_flag(saved, fd) || fresh__call(SYS_fcntl, fd->fd, F_SETFD, on_exec) == 0;
    return fresh__call(SYS_dup3, fd->copy, fd->fd, on_exec ? O_CLOEXEC : 0) >= 0;
}

/* The answer may have taken descriptors too. */
bool fresh__descriptors_put_back(const struct fresh__saved *saved, struct fresh__work *work)
{
    if (!work->found.fds && count(saved) == (long)saved->open_count)
        return true;
    for (unsigned i = 0; i < saved->fd_count; i++) {
        if (!put_back_known(saved, &saved->fd[i]))
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
