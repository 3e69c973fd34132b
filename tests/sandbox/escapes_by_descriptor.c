/*
 * escapes_by_descriptor.c - attempts by descriptors that were handed in, or are there anyway
 */
#include "tests/sandbox/escapes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

static struct stat status;

#define HANDED(name, result) \
    static int name(int handed) \
    { \
        return escape_told(result); \
    }

/* ---- files and directories ---- */

static long opened_at(int directory, const char *path)
{
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd;
}

static long opened_again(int handed, int flags)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", handed);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd;
}

HANDED(opens_below, opened_at(handed, "file"))
HANDED(opens_above, opened_at(handed, "../../../etc/passwd"))
HANDED(lists_its_directory, syscall(SYS_getdents64, handed, (char[1024]){ "" }, 1024UL))
HANDED(enters_its_directory, fchdir(handed) < 0 ? -1 : opened_at(AT_FDCWD, "file"))
HANDED(opens_a_path_again, opened_again(handed, O_RDONLY))
HANDED(opens_for_writing, opened_again(handed, O_RDWR))
HANDED(opens_the_other_end, opened_again(handed, O_WRONLY | O_NONBLOCK))
HANDED(writes_what_it_may_read, write(handed, "x", 1))
HANDED(truncates_what_it_may_read, ftruncate(handed, 0))
HANDED(changes_the_mode, fchmod(handed, 0600))
HANDED(changes_the_owner, fchown(handed, getuid(), getgid()))
HANDED(changes_times, futimens(handed, NULL))
HANDED(sets_an_attribute, syscall(SYS_fsetxattr, handed, "user.x", "x", 1UL, 0))
HANDED(links_a_descriptor, linkat(handed, "", AT_FDCWD, w->in_new, AT_EMPTY_PATH))
HANDED(executes_a_descriptor, syscall(SYS_execveat, handed, "", (char *[]){ "x", NULL },
                                      (char *[]){ NULL }, AT_EMPTY_PATH))
HANDED(leases, fcntl(handed, F_SETLEASE, F_RDLCK))
HANDED(is_told_of_changes, fcntl(handed, F_NOTIFY, DN_ACCESS))
HANDED(gives_a_hint, fcntl(handed, 1036, &(uint64_t){ 1 }))
HANDED(shares_extents, ioctl(handed, FICLONE, handed))
HANDED(sets_flags_of_the_file, ioctl(handed, FS_IOC_SETFLAGS, &(int){ 0 }))
HANDED(freezes_the_file_system, ioctl(handed, _IOWR('X', 120, int), 0))
HANDED(sees_blocks, ioctl(handed, FIBMAP, &(int){ 0 }))
HANDED(splices, splice(handed, NULL, w->pipe_writer, NULL, 1, 0))
HANDED(looks_at_a_descriptor, fstatat(handed, "", &status, AT_EMPTY_PATH))
HANDED(looks_below_a_descriptor, fstatat(handed, "file", &status, AT_EMPTY_PATH))
HANDED(reads_ahead, readahead(handed, 0, 1))
HANDED(synchronises_all, syncfs(handed))

/* ---- signals by descriptors ---- */

HANDED(sets_the_owner, fcntl(handed, F_SETOWN, w->victim))
HANDED(sets_the_owner_of_a_group, fcntl(handed, F_SETOWN, -w->host))
HANDED(sets_the_owner_extended, fcntl(handed, F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_PID,
                                                                                 w->victim }))
HANDED(sets_the_owner_with_a_high_half,
       syscall(SYS_fcntl, handed, (1UL << 32) | F_SETOWN, (long)w->victim))
HANDED(sets_the_signal, fcntl(handed, F_SETSIG, SIGURG))
HANDED(asks_to_be_told, ioctl(handed, FIOASYNC, &(int){ 1 }))
HANDED(sets_the_owner_by_ioctl, ioctl(handed, FIOSETOWN, &(int){ w->victim }))
HANDED(sets_the_group_by_ioctl, ioctl(handed, SIOCSPGRP, &(int){ w->victim }))
HANDED(does_not_wait, fcntl(handed, F_SETFL, O_NONBLOCK))
HANDED(does_not_wait_by_ioctl, ioctl(handed, FIONBIO, &(int){ 1 }))
HANDED(resizes_the_pipe, fcntl(handed, F_SETPIPE_SZ, 1 << 20))

/* ---- terminals: any descriptor, because the kernel asks the filter first ---- */

ATTEMPT(types, ioctl(STDIN_FILENO, TIOCSTI, "x"))
ATTEMPT(types_with_a_high_half, syscall(SYS_ioctl, STDIN_FILENO, (1UL << 32) | TIOCSTI, "x"))
ATTEMPT(pastes, ioctl(STDIN_FILENO, TIOCLINUX, &(char){ 3 }))
ATTEMPT(takes_the_terminal, ioctl(STDIN_FILENO, TIOCSCTTY, 1))
ATTEMPT(takes_the_foreground, ioctl(STDIN_FILENO, TIOCSPGRP, &(pid_t){ getpid() }))
ATTEMPT(sets_the_terminal, ioctl(STDIN_FILENO, TCSETS, (char[64]){ "" }))
ATTEMPT(takes_the_console, ioctl(STDIN_FILENO, TIOCCONS, 0))
ATTEMPT(sets_the_window, ioctl(STDIN_FILENO, TIOCSWINSZ, (char[8]){ "" }))
ATTEMPT(looks_at_the_terminal_with_a_high_half,
        syscall(SYS_ioctl, STDIN_FILENO, (0x5412UL << 32) | TCGETS, (char[64]){ "" }))

/* ---- what is there anyway ---- */

ATTEMPT(reads_a_pidfd, syscall(SYS_pidfd_getfd, w->descriptors[HAND_PIDFD], 0, 0))
HANDED(takes_a_descriptor, syscall(SYS_pidfd_getfd, handed, 0, 0))
HANDED(signals_by_pidfd, syscall(SYS_pidfd_send_signal, handed, 0, NULL, 0))
HANDED(enters_namespaces, syscall(SYS_setns, handed, 0x20000000))
HANDED(advises_a_process, syscall(SYS_process_madvise, handed, NULL, 0UL, 4, 0))
HANDED(reaps_a_process, syscall(SYS_process_mrelease, handed, 0))
HANDED(asks_a_pidfd, ioctl(handed, _IO(0xFF, 5), 0))

/* Of the victim, the host, the server: none is a child of this process. */
static int waits_for_others(int handed)
{
    (void)handed;
    return escape_told(syscall(SYS_wait4, w->victim, NULL, 1, NULL));
}

/* An alarm that wakes a sleeping machine. */
static int wakes_the_machine(int handed)
{
    int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_CLOEXEC);

    (void)handed;
    if (fd >= 0)
        close(fd);
    return escape_told(fd);
}

static int sets_nothing_with_a_timer(int handed)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    (void)handed;
    if (fd < 0)
        return errno;
    int result = escape_told(ioctl(fd, _IOW('T', 0, uint64_t), &(uint64_t){ 1 }));
    close(fd);
    return result;
}

static int exhausts_nothing_with_memory_files(int handed)
{
    (void)handed;
    return escape_told(syscall(SYS_memfd_secret, 0));
}

static const struct escape escapes[] = {
    { "below a directory", opens_below, HAND_DIRECTORY, BY_PATH(DID, VIOLATION, EACCES), "openat",
      0 },
    { "above a directory", opens_above, HAND_DIRECTORY, BY_PATH(DID, VIOLATION, EACCES), "openat",
      0 },
    { "list a directory", lists_its_directory, HAND_DIRECTORY, BY_PATH(DID, VIOLATION, DID),
      "getdents64", 0 },
    { "enter a directory", enters_its_directory, HAND_DIRECTORY, BY_PATH(DID, VIOLATION, EACCES),
      "fchdir", 0 },
    { "path descriptor", opens_a_path_again, HAND_PATH, BY_PATH(DID, VIOLATION, EACCES), "openat",
      0 },
    { "open again for writing", opens_for_writing, HAND_FILE, BY_PATH(DID, VIOLATION, EACCES),
      "openat", 0 },
    { "other end of a pipe", opens_the_other_end, HAND_PIPE, BY_PATH(DID, VIOLATION, DID),
      "openat", 0 },
    { "memory file opened for reading", opens_for_writing, HAND_MEMORY,
      BY_PATH(DID, VIOLATION, DID), "openat", 0 },
    { "write what was opened for reading", writes_what_it_may_read, HAND_FILE, ALL(EBADF, EBADF),
      NULL, 0 },
    { "truncate what was opened for reading", truncates_what_it_may_read, HAND_FILE, ALL(EINVAL,
      EINVAL), NULL, 0 },
    { "fchmod", changes_the_mode, HAND_WRITABLE, DENIED(DID), "fchmod", 0 },
    { "fchown", changes_the_owner, HAND_WRITABLE, DENIED(DID), "fchown", 0 },
    { "futimens", changes_times, HAND_WRITABLE, DENIED(DID), "utimensat", 0 },
    { "fsetxattr", sets_an_attribute, HAND_WRITABLE, DENIED(ANY), "fsetxattr", 0 },
    { "link a descriptor", links_a_descriptor, HAND_WRITABLE, DENIED(ANY), "linkat", 0 },
    { "execute a descriptor", executes_a_descriptor, HAND_FILE, DENIED(ANY), "execveat", 0 },
    { "lease", leases, HAND_FILE, DENIED(DID), "fcntl", 0 },
    { "dnotify", is_told_of_changes, HAND_DIRECTORY, DENIED(DID), "fcntl", 0 },
    { "hint of a life time", gives_a_hint, HAND_WRITABLE, DENIED(ANY), "fcntl", 0 },
    { "clone a file", shares_extents, HAND_WRITABLE, DENIED(ANY), "ioctl", 0 },
    { "flags of a file", sets_flags_of_the_file, HAND_WRITABLE, DENIED(ANY), "ioctl", 0 },
    { "freeze", freezes_the_file_system, HAND_FILE, DENIED(SKIP), "ioctl", 0 },
    { "blocks", sees_blocks, HAND_FILE, DENIED(ANY), "ioctl", 0 },
    { "splice", splices, HAND_FILE, DENIED(ANY), "splice", 0 },
    { "fstat of a descriptor", looks_at_a_descriptor, HAND_FILE, ALL(DID, DID), NULL, 0 },
    { "stat below a descriptor", looks_below_a_descriptor, HAND_DIRECTORY, BY_PATH(DID, VIOLATION,
      DID), "newfstatat", 0 },
    { "readahead", reads_ahead, HAND_FILE, DENIED(DID), "readahead", 0 },
    { "syncfs", synchronises_all, HAND_FILE, DENIED(SKIP), "syncfs", 0 },
    { "setown", sets_the_owner, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "setown of a group", sets_the_owner_of_a_group, HAND_PIPE, ALL(ANY, EPERM), NULL, 0 },
    { "setown extended", sets_the_owner_extended, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "setown with a high half", sets_the_owner_with_a_high_half, HAND_PIPE, ALL(DID, EPERM), NULL,
      0 },
    { "setsig", sets_the_signal, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "FIOASYNC", asks_to_be_told, HAND_PIPE, ALL(SKIP, EPERM), NULL, 0 },
    { "FIOSETOWN", sets_the_owner_by_ioctl, HAND_TCP, DENIED(DID), "ioctl", 0 },
    { "SIOCSPGRP", sets_the_group_by_ioctl, HAND_TCP, DENIED(DID), "ioctl", 0 },
    { "nonblock", does_not_wait, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "FIONBIO", does_not_wait_by_ioctl, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "size of a pipe", resizes_the_pipe, HAND_PIPE, ALL(DID, EPERM), NULL, 0 },
    { "tiocsti", types, 0, DENIED(ANY), "ioctl", 0 },
    { "tiocsti64", types_with_a_high_half, 0, DENIED(ANY), "ioctl", 0 },
    { "tioclinux", pastes, 0, DENIED(ANY), "ioctl", 0 },
    { "TIOCSCTTY", takes_the_terminal, 0, DENIED(ANY), "ioctl", 0 },
    { "TIOCSPGRP", takes_the_foreground, 0, DENIED(ANY), "ioctl", 0 },
    { "TCSETS", sets_the_terminal, 0, DENIED(ANY), "ioctl", 0 },
    { "TIOCCONS", takes_the_console, 0, DENIED(SKIP), "ioctl", 0 },
    { "TIOCSWINSZ", sets_the_window, 0, DENIED(ANY), "ioctl", 0 },
    { "TCGETS with a high half", looks_at_the_terminal_with_a_high_half, 0, ALL(ENOTTY, ENOTTY),
      NULL, 0 },
    { "pidfdget", reads_a_pidfd, 0, DENIED(ANY), "pidfd_getfd", 0 },
    { "pidfdget of a handed one", takes_a_descriptor, HAND_PIDFD, DENIED(DID), "pidfd_getfd", 0 },
    { "pidfd_send_signal", signals_by_pidfd, HAND_PIDFD, DENIED(DID), "pidfd_send_signal", 0 },
    { "setns of a handed one", enters_namespaces, HAND_PIDFD, DENIED(ANY), "setns", 0 },
    { "process_madvise", advises_a_process, HAND_PIDFD, DENIED(ANY), "process_madvise", 0 },
    { "process_mrelease", reaps_a_process, HAND_PIDFD, DENIED(ANY), "process_mrelease", 0 },
    { "ioctl of a pidfd", asks_a_pidfd, HAND_PIDFD, DENIED(ANY), "ioctl", 0 },
    { "wait for others", waits_for_others, 0, ALL(ECHILD, ECHILD), NULL, 0 },
    { "timer that wakes", wakes_the_machine, 0, { ANY, VIOLATION, VIOLATION, VIOLATION },
      "timerfd_create", 0 },
    { "ticks of a timer", sets_nothing_with_a_timer, 0, DENIED(ANY), "ioctl", 0 },
    { "memfd_secret", exhausts_nothing_with_memory_files, 0, DENIED(ANY), "memfd_secret", 0 },
};

ESCAPE_TABLE(escapes_by_descriptor, escapes);
