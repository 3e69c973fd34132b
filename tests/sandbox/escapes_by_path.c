/*
 * escapes_by_path.c - attempts by names of files
 */
#include "tests/sandbox/escapes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

static long opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    return fd;
}

static long opened_of(const char *format, pid_t pid, int flags)
{
    char path[64];

    snprintf(path, sizeof path, format, (int)pid);
    return opened(path, flags);
}

static int open_how(const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = { .flags = flags, .resolve = resolve };
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

    if (fd >= 0)
        close((int)fd);
    return escape_told(fd);
}

static struct stat status;

/* ---- opening ---- */

ATTEMPT(opens, opened("/etc/passwd", O_RDONLY))
ATTEMPT(opens_let_in, opened(w->in_file, O_RDONLY))
ATTEMPT(creates, opened(w->out_new, O_WRONLY | O_CREAT))
ATTEMPT(creates_let_in, opened(w->in_new, O_WRONLY | O_CREAT))
ATTEMPT(truncates, opened(w->out_file, O_RDONLY | O_TRUNC))
ATTEMPT(truncates_by_name, truncate(w->out_file, 0))
ATTEMPT(follows_a_link, opened(w->in_link, O_RDONLY))
ATTEMPT(goes_up, (chdir(w->in), opened("../out/file", O_RDONLY)))
ATTEMPT(goes_up_from_elsewhere, (chdir("/proc/self/root"), opened("etc/passwd", O_RDONLY)))
ATTEMPT(opens_an_unnamed_file, opened(w->out, O_TMPFILE | O_RDWR))
ATTEMPT(lists, opened("/etc", O_RDONLY | O_DIRECTORY))
ATTEMPT(opens_memory_of_the_victim, opened_of("/proc/%d/mem", w->victim, O_RDWR))
ATTEMPT(opens_environment_of_the_victim, opened_of("/proc/%d/environ", w->victim, O_RDONLY))
ATTEMPT(opens_descriptors_of_the_host, opened_of("/proc/%d/fd/0", w->host, O_RDONLY))
ATTEMPT(opens_by_another_root, opened_of("/proc/%d/root/etc/passwd", w->host, O_RDONLY))
ATTEMPT(opens_by_its_own_root, opened("/proc/self/root/etc/passwd", O_RDONLY))
ATTEMPT(opens_its_own_memory, opened("/proc/self/mem", O_RDWR))
ATTEMPT(opens_its_own_process, opened("/proc/thread-self/attr/current", O_RDWR))
ATTEMPT(opens_its_score, opened("/proc/self/oom_score_adj", O_WRONLY))
ATTEMPT(opens_the_terminal, opened("/dev/ptmx", O_RDWR | O_NOCTTY))
ATTEMPT(opens_a_disk, opened("/dev/null", O_RDWR))
ATTEMPT(opens_a_setting, opened("/proc/sys/kernel/ostype", O_RDONLY))

static int opens_with_how(int handed)
{
    (void)handed;
    return open_how(w->in_file, O_RDONLY | O_CLOEXEC, 0);
}

static int opens_in_a_root(int handed)
{
    (void)handed;
    return open_how(w->out_file, O_RDONLY | O_CLOEXEC, RESOLVE_IN_ROOT);
}

/* A descriptor for use by its number opens the file anew. */
static int opens_again(int handed)
{
    char path[64];
    int fd = open(w->out_file, O_PATH | O_CLOEXEC);

    (void)handed;
    if (fd < 0)
        return errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int result = escape_told(opened(path, O_RDONLY));
    close(fd);
    return result;
}

/* ---- looking ---- */

ATTEMPT(looks, stat("/etc/shadow", &status))
ATTEMPT(looks_as_fstat, fstatat(AT_FDCWD, "/etc/shadow", &status, AT_EMPTY_PATH))
ATTEMPT(looks_with_a_high_half, syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &status,
                                        (1UL << 32) | AT_EMPTY_PATH))
ATTEMPT(asks_for_access, access("/etc/shadow", F_OK))
ATTEMPT(reads_a_link, readlink(w->in_link, (char[8]){ "" }, 8))
ATTEMPT(reads_a_link_of_the_host, readlink("/proc/1/exe", (char[8]){ "" }, 8))
ATTEMPT(asks_for_its_place, syscall(SYS_getcwd, (char[256]){ "" }, 256UL))

static int extended(int at, const char *path)
{
    static char buffer[512];
    return escape_told(syscall(SYS_statx, at, path, AT_EMPTY_PATH, 0x7ff, buffer));
}

static int looks_extended(int handed)
{
    (void)handed;
    return extended(AT_FDCWD, "/etc/shadow");
}

static int looks_at_its_directory(int handed)
{
    (void)handed;
    return extended(AT_FDCWD, NULL);
}

/* ---- changing ---- */

ATTEMPT(changes_the_mode, chmod(w->in_file, 0600))
ATTEMPT(changes_the_mode_newly, syscall(452, AT_FDCWD, w->out_file, 0600, 0))
ATTEMPT(changes_the_owner, chown(w->in_file, getuid(), getgid()))
ATTEMPT(sets_an_attribute, setxattr(w->in_file, "user.x", "x", 1, 0))
ATTEMPT(sets_times, utimensat(AT_FDCWD, w->in_file, NULL, 0))
ATTEMPT(removes, unlink(w->out_data))
ATTEMPT(links, link(w->in_file, w->in_new))
ATTEMPT(links_from_outside, linkat(AT_FDCWD, w->out_file, AT_FDCWD, w->in_new, 0))
ATTEMPT(links_by_name, symlink("/etc/passwd", w->in_new))
ATTEMPT(makes_a_socket, mknod(w->in_new, S_IFSOCK | 0600, 0))
ATTEMPT(makes_a_fifo, mknod(w->in_new, S_IFIFO | 0600, 0))
ATTEMPT(makes_a_device, mknod(w->in_new, S_IFCHR | 0600, 0x103))
ATTEMPT(moves_out, rename(w->in_file, w->out_new))
ATTEMPT(moves_in, rename(w->out_data, w->in_new))
ATTEMPT(moves_to_where_it_may_write, rename(w->made_file, w->in_new))
ATTEMPT(creates_where_it_may_write, opened(w->written_new, O_WRONLY | O_CREAT))
ATTEMPT(makes_an_unnamed_file, opened(w->written, O_TMPFILE | O_WRONLY))
ATTEMPT(exchanges, syscall(SYS_renameat2, AT_FDCWD, w->in_file, AT_FDCWD, w->out_data, 2))
ATTEMPT(leaves_a_device_behind, syscall(SYS_renameat2, AT_FDCWD, w->in_file, AT_FDCWD, w->in_new,
                                        4))

/* ---- the file system ---- */

ATTEMPT(changes_its_root, chroot("."))
ATTEMPT(mounts, mount("none", "/mnt", "tmpfs", 0, NULL) < 0 ? -1 : umount2("/mnt", MNT_DETACH))
ATTEMPT(unmounts, umount2("/nowhere", MNT_DETACH))
ATTEMPT(opens_a_file_system, syscall(SYS_fsopen, "tmpfs", 1))
ATTEMPT(copies_a_mount, syscall(SYS_open_tree, AT_FDCWD, w->out, 1 | O_CLOEXEC))
ATTEMPT(moves_a_mount, syscall(SYS_move_mount, AT_FDCWD, w->out, AT_FDCWD, w->in, 0))
ATTEMPT(changes_a_mount, syscall(442, AT_FDCWD, w->in, 0, NULL, 0))
ATTEMPT(turns_the_root, syscall(SYS_pivot_root, ".", "."))
ATTEMPT(asks_for_a_quota, quotactl(QCMD(Q_GETFMT, USRQUOTA), "/dev/vda", 0, (char[64]){ "" }))
ATTEMPT(watches, inotify_init1(IN_CLOEXEC))
ATTEMPT(watches_all, fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY))
ATTEMPT(swaps, syscall(SYS_swapon, "/nowhere", 0))
ATTEMPT(keeps_accounts, syscall(SYS_acct, "/nowhere/at/all"))

struct handle {
    unsigned bytes;
    int type;
    unsigned char data[128];
};

static int opens_by_handle(int handed)
{
    struct handle handle = { .bytes = sizeof handle.data };
    int mount_id, root;

    (void)handed;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, w->out_file, &handle, &mount_id, 0) < 0)
        return errno;
    root = open(w->out, O_RDONLY | O_CLOEXEC);
    long fd = syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY | O_CLOEXEC);
    int result = escape_told(fd);
    close(root);
    if (fd >= 0)
        close((int)fd);
    return result;
}

static int opens_a_guessed_handle(int handed)
{
    struct handle handle = { .bytes = 8, .type = 1, .data = { 2 } };

    (void)handed;
    return escape_told(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
}

static const struct escape escapes[] = {
    { "open", opens, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "open what is let in", opens_let_in, 0, BY_PATH(DID, VIOLATION, DID), "openat", 0 },
    { "write", creates, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "write what is let in", creates_let_in, 0, BY_PATH(DID, VIOLATION, DID), "openat", 0 },
    { "truncate on opening", truncates, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "truncate", truncates_by_name, 0, BY_PATH(DID, VIOLATION, EACCES), "truncate", 0 },
    { "symbolic link", follows_a_link, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "dot dot", goes_up, 0, BY_PATH(DID, VIOLATION, EACCES), "chdir", 0 },
    { "root as directory", goes_up_from_elsewhere, 0, BY_PATH(DID, VIOLATION, EACCES), "chdir", 0 },
    { "unnamed file", opens_an_unnamed_file, 0, BY_PATH(DID, VIOLATION, EOPNOTSUPP), "openat", 0 },
    { "list", lists, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "procmem", opens_memory_of_the_victim, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "procenv", opens_environment_of_the_victim, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "descriptors of the host", opens_descriptors_of_the_host, 0, BY_PATH(ANY, VIOLATION, EACCES),
      "openat", 0 },
    { "root of the host", opens_by_another_root, 0, BY_PATH(IF_ROOT, VIOLATION, EACCES), "openat",
      0 },
    { "procroot", opens_by_its_own_root, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "own memory", opens_its_own_memory, 0, BY_PATH(IF_ROOT, VIOLATION, EACCES), "openat", 0 },
    { "own attributes", opens_its_own_process, 0, BY_PATH(ANY, VIOLATION, EACCES), "openat", 0 },
    { "own score", opens_its_score, 0, BY_PATH(ANY, VIOLATION, EACCES), "openat", 0 },
    { "new terminal", opens_the_terminal, 0, BY_PATH(ANY, VIOLATION, EACCES), "openat", 0 },
    { "device", opens_a_disk, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "setting", opens_a_setting, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "openat2", opens_with_how, 0, ALL(DID, ENOSYS), NULL, 0 },
    { "openat2 in a root", opens_in_a_root, 0, ALL(ANY, ENOSYS), NULL, 0 },
    { "open again", opens_again, 0, BY_PATH(DID, VIOLATION, EACCES), "openat", 0 },
    { "stat", looks, 0, BY_PATH(DID, VIOLATION, DID), "newfstatat", 0 },
    { "stat as fstat", looks_as_fstat, 0, BY_PATH(DID, VIOLATION, DID), "newfstatat", 0 },
    { "stat with a high half", looks_with_a_high_half, 0, BY_PATH(DID, VIOLATION, DID),
      "newfstatat", 0 },
    { "statx", looks_extended, 0, BY_PATH(DID, VIOLATION, DID), "statx", 0 },
    { "statx of the directory", looks_at_its_directory, 0, BY_PATH(ANY, VIOLATION, ANY), "statx",
      0 },
    { "access", asks_for_access, 0, BY_PATH(DID, VIOLATION, DID), NULL, 0 },
    { "readlink", reads_a_link, 0, BY_PATH(DID, VIOLATION, DID), NULL, 0 },
    { "readlink of a process", reads_a_link_of_the_host, 0, BY_PATH(ANY, VIOLATION, EACCES), NULL,
      0 },
    { "getcwd", asks_for_its_place, 0, BY_PATH(DID, VIOLATION, DID), "getcwd", 0 },
    { "chmod", changes_the_mode, 0, DENIED(DID), NULL, 0 },
    { "fchmodat2", changes_the_mode_newly, 0, ALL(ANY, ENOSYS), NULL, 0 },
    { "chown", changes_the_owner, 0, DENIED(DID), NULL, 0 },
    { "xattr", sets_an_attribute, 0, DENIED(ANY), "setxattr", 0 },
    { "utime", sets_times, 0, DENIED(DID), "utimensat", 0 },
    { "unlink", removes, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "link", links, 0, DENIED(DID), NULL, 0 },
    { "link from outside", links_from_outside, 0, DENIED(DID), "linkat", 0 },
    { "new symbolic link", links_by_name, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "new socket", makes_a_socket, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "new fifo", makes_a_fifo, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "new device", makes_a_device, 0, { IF_ROOT, VIOLATION, ANY, ANY }, NULL, 0 },
    { "move out", moves_out, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "move in", moves_in, 0, BY_PATH(DID, VIOLATION, EACCES), NULL, 0 },
    { "move to where it may write", moves_to_where_it_may_write, 0, BY_PATH(DID, VIOLATION, EXDEV),
      NULL, 0 },
    { "create where it may write", creates_where_it_may_write, 0, BY_PATH(DID, VIOLATION, EACCES),
      "openat", 0 },
    { "unnamed file where it may write", makes_an_unnamed_file, 0,
      BY_PATH(DID, VIOLATION, EOPNOTSUPP), "openat", 0 },
    { "exchange", exchanges, 0, BY_PATH(DID, VIOLATION, EACCES), "renameat2", 0 },
    { "whiteout", leaves_a_device_behind, 0, { ANY, VIOLATION, VIOLATION, VIOLATION }, "renameat2",
      0 },
    { "chroot", changes_its_root, 0, DENIED(IF_ROOT), "chroot", 0 },
    { "mount", mounts, 0, DENIED(ANY), "mount", 0 },
    { "unmount", unmounts, 0, DENIED(ANY), "umount2", 0 },
    { "fsopen", opens_a_file_system, 0, DENIED(IF_ROOT), "fsopen", 0 },
    { "open_tree", copies_a_mount, 0, DENIED(IF_ROOT), "open_tree", 0 },
    { "move_mount", moves_a_mount, 0, DENIED(ANY), "move_mount", 0 },
    { "mount_setattr", changes_a_mount, 0, DENIED(ANY), "mount_setattr", 0 },
    { "pivot_root", turns_the_root, 0, DENIED(ANY), "pivot_root", 0 },
    { "quotactl", asks_for_a_quota, 0, DENIED(ANY), "quotactl", 0 },
    { "inotify", watches, 0, DENIED(DID), "inotify_init1", 0 },
    { "fanotify", watches_all, 0, DENIED(ANY), "fanotify_init", 0 },
    { "swapon", swaps, 0, DENIED(ANY), "swapon", 0 },
    { "acct", keeps_accounts, 0, DENIED(ANY), "acct", 0 },
    { "handle", opens_by_handle, 0, DENIED(IF_ROOT), "name_to_handle_at", 0 },
    { "guessed handle", opens_a_guessed_handle, 0, DENIED(ANY), "open_by_handle_at", 0 },
};

ESCAPE_TABLE(escapes_by_path, escapes);
