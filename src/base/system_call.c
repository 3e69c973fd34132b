/*
 * system_call.c - the table of system calls, and their text
 */
#include "src/base/system_call.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * Letters: a address, d directory of a path, f address family, i int, m file mode, M the same if
 * the flags before it make a file, o flags of open, p path or other text, P protection of memory,
 * s signal, t type of socket, u unsigned number, x bits or what depends on the rest.
 */
#define CALL(name, arguments) [SYS_##name] = { #name, arguments }

/* clang-format off */
static const struct base__system_call calls[] = {
    CALL(read, "iau"), CALL(write, "iau"), CALL(close, "i"), CALL(fstat, "ia"),
    CALL(lseek, "iii"), CALL(mmap, "auPxii"), CALL(mprotect, "auP"), CALL(munmap, "au"),
    CALL(brk, "a"), CALL(rt_sigaction, "saau"), CALL(rt_sigprocmask, "iaau"),
    CALL(rt_sigreturn, ""), CALL(ioctl, "ixx"), CALL(pread64, "iaui"), CALL(pwrite64, "iaui"),
    CALL(readv, "iai"), CALL(writev, "iai"), CALL(sched_yield, ""), CALL(mremap, "auuxa"),
    CALL(msync, "aui"), CALL(mincore, "aua"), CALL(madvise, "aui"), CALL(shmget, "iux"),
    CALL(shmat, "iax"), CALL(shmctl, "iia"), CALL(dup, "i"), CALL(nanosleep, "aa"),
    CALL(getitimer, "ia"), CALL(setitimer, "iaa"), CALL(getpid, ""), CALL(sendfile, "iiau"),
    CALL(socket, "fti"), CALL(connect, "iai"), CALL(accept, "iaa"), CALL(sendto, "iauxai"),
    CALL(recvfrom, "iauxaa"), CALL(sendmsg, "iax"), CALL(recvmsg, "iax"), CALL(shutdown, "ii"),
    CALL(bind, "iai"), CALL(listen, "ii"), CALL(getsockname, "iaa"), CALL(getpeername, "iaa"),
    CALL(socketpair, "ftia"), CALL(setsockopt, "iiiai"), CALL(getsockopt, "iiiaa"),
    CALL(clone, "xaaaa"), CALL(execve, "paa"), CALL(exit, "i"), CALL(wait4, "iaxa"),
    CALL(kill, "is"), CALL(uname, "a"), CALL(semget, "iix"), CALL(semop, "iau"),
    CALL(semctl, "iiix"), CALL(shmdt, "a"), CALL(msgget, "ix"), CALL(msgsnd, "iaux"),
    CALL(msgrcv, "iauix"), CALL(msgctl, "iia"), CALL(fcntl, "iix"), CALL(flock, "ii"),
    CALL(fsync, "i"), CALL(fdatasync, "i"), CALL(truncate, "pi"), CALL(ftruncate, "ii"),
    CALL(getcwd, "au"), CALL(chdir, "p"), CALL(fchdir, "i"), CALL(fchmod, "im"),
    CALL(fchown, "iii"), CALL(umask, "m"), CALL(gettimeofday, "aa"), CALL(getrlimit, "ia"),
    CALL(getrusage, "ia"), CALL(sysinfo, "a"), CALL(times, "a"), CALL(ptrace, "iiaa"),
    CALL(getuid, ""), CALL(syslog, "iai"), CALL(getgid, ""), CALL(setuid, "i"), CALL(setgid, "i"),
    CALL(geteuid, ""), CALL(getegid, ""), CALL(setpgid, "ii"), CALL(getppid, ""),
    CALL(setsid, ""), CALL(setreuid, "ii"), CALL(setregid, "ii"), CALL(getgroups, "ia"),
    CALL(setgroups, "ia"), CALL(setresuid, "iii"), CALL(getresuid, "aaa"), CALL(setresgid, "iii"),
    CALL(getresgid, "aaa"), CALL(getpgid, "i"), CALL(setfsuid, "i"), CALL(setfsgid, "i"),
    CALL(getsid, "i"), CALL(capget, "aa"), CALL(capset, "aa"), CALL(rt_sigpending, "au"),
    CALL(rt_sigtimedwait, "aaau"), CALL(rt_sigqueueinfo, "isa"), CALL(rt_sigsuspend, "au"),
    CALL(sigaltstack, "aa"), CALL(personality, "x"), CALL(statfs, "pa"), CALL(fstatfs, "ia"),
    CALL(getpriority, "ii"), CALL(setpriority, "iii"), CALL(sched_setparam, "ia"),
    CALL(sched_getparam, "ia"), CALL(sched_setscheduler, "iia"), CALL(sched_getscheduler, "i"),
    CALL(sched_get_priority_max, "i"), CALL(sched_get_priority_min, "i"),
    CALL(sched_rr_get_interval, "ia"), CALL(mlock, "au"), CALL(munlock, "au"),
    CALL(mlockall, "x"), CALL(munlockall, ""), CALL(vhangup, ""), CALL(pivot_root, "pp"),
    CALL(prctl, "ixxxx"), CALL(adjtimex, "a"), CALL(setrlimit, "ia"), CALL(chroot, "p"),
    CALL(sync, ""), CALL(acct, "p"), CALL(settimeofday, "aa"), CALL(mount, "pppxa"),
    CALL(umount2, "px"), CALL(swapon, "px"), CALL(swapoff, "p"), CALL(reboot, "xxxa"),
    CALL(sethostname, "au"), CALL(setdomainname, "au"), CALL(init_module, "aup"),
    CALL(delete_module, "px"), CALL(quotactl, "xpia"), CALL(nfsservctl, "xxxxxx"),
    CALL(gettid, ""), CALL(readahead, "iiu"), CALL(setxattr, "ppaux"), CALL(lsetxattr, "ppaux"),
    CALL(fsetxattr, "ipaux"), CALL(getxattr, "ppau"), CALL(lgetxattr, "ppau"),
    CALL(fgetxattr, "ipau"), CALL(listxattr, "pau"), CALL(llistxattr, "pau"),
    CALL(flistxattr, "iau"), CALL(removexattr, "pp"), CALL(lremovexattr, "pp"),
    CALL(fremovexattr, "ip"), CALL(tkill, "is"), CALL(futex, "axuaax"),
    CALL(sched_setaffinity, "iua"), CALL(sched_getaffinity, "iua"), CALL(io_setup, "ua"),
    CALL(io_destroy, "x"), CALL(io_getevents, "xiiaa"), CALL(io_submit, "xia"),
    CALL(io_cancel, "xaa"), CALL(lookup_dcookie, "uau"), CALL(remap_file_pages, "auxux"),
    CALL(getdents64, "iau"), CALL(set_tid_address, "a"), CALL(restart_syscall, ""),
    CALL(semtimedop, "iaua"), CALL(fadvise64, "iiii"), CALL(timer_create, "iaa"),
    CALL(timer_settime, "iiaa"), CALL(timer_gettime, "ia"), CALL(timer_getoverrun, "i"),
    CALL(timer_delete, "i"), CALL(clock_settime, "ia"), CALL(clock_gettime, "ia"),
    CALL(clock_getres, "ia"), CALL(clock_nanosleep, "iiaa"), CALL(exit_group, "i"),
    CALL(epoll_ctl, "iiia"), CALL(tgkill, "iis"), CALL(mbind, "auiaux"),
    CALL(set_mempolicy, "iau"), CALL(get_mempolicy, "aauax"), CALL(mq_open, "pxma"),
    CALL(mq_unlink, "p"), CALL(mq_timedsend, "iauua"), CALL(mq_timedreceive, "iauaa"),
    CALL(mq_notify, "ia"), CALL(mq_getsetattr, "iaa"), CALL(kexec_load, "auax"),
    CALL(waitid, "iiaia"), CALL(add_key, "ppaui"), CALL(request_key, "pppi"),
    CALL(keyctl, "ixxxx"), CALL(ioprio_set, "iii"), CALL(ioprio_get, "ii"),
    CALL(inotify_add_watch, "ipx"), CALL(inotify_rm_watch, "ii"), CALL(migrate_pages, "iuaa"),
    CALL(openat, "dpoM"), CALL(mkdirat, "dpm"), CALL(mknodat, "dpmx"), CALL(fchownat, "dpiix"),
    CALL(newfstatat, "dpax"), CALL(unlinkat, "dpx"), CALL(renameat, "dpdp"),
    CALL(linkat, "dpdpx"), CALL(symlinkat, "pdp"), CALL(readlinkat, "dpau"),
    CALL(fchmodat, "dpm"), CALL(faccessat, "dpi"), CALL(pselect6, "iaaaaa"), CALL(ppoll, "auaau"),
    CALL(unshare, "x"), CALL(set_robust_list, "au"), CALL(get_robust_list, "iaa"),
    CALL(splice, "iaiaux"), CALL(tee, "iiux"), CALL(sync_file_range, "iiix"),
    CALL(vmsplice, "iaux"), CALL(move_pages, "iuaaax"), CALL(utimensat, "dpax"),
    CALL(epoll_pwait, "iaiiau"), CALL(timerfd_create, "ix"), CALL(fallocate, "ixii"),
    CALL(timerfd_settime, "ixaa"), CALL(timerfd_gettime, "ia"), CALL(accept4, "iaax"),
    CALL(signalfd4, "iaux"), CALL(eventfd2, "ux"), CALL(epoll_create1, "x"), CALL(dup3, "iix"),
    CALL(pipe2, "ax"), CALL(inotify_init1, "x"), CALL(preadv, "iaiii"), CALL(pwritev, "iaiii"),
    CALL(rt_tgsigqueueinfo, "iisa"), CALL(perf_event_open, "aiiix"), CALL(recvmmsg, "iauxa"),
    CALL(fanotify_init, "xx"), CALL(fanotify_mark, "ixxdp"), CALL(prlimit64, "iiaa"),
    CALL(name_to_handle_at, "dpaax"), CALL(open_by_handle_at, "iax"), CALL(clock_adjtime, "ia"),
    CALL(syncfs, "i"), CALL(sendmmsg, "iaux"), CALL(setns, "ix"), CALL(getcpu, "aaa"),
    CALL(process_vm_readv, "iauaux"), CALL(process_vm_writev, "iauaux"), CALL(kcmp, "iiiuu"),
    CALL(finit_module, "ipx"), CALL(sched_setattr, "iax"), CALL(sched_getattr, "iaux"),
    CALL(renameat2, "dpdpx"), CALL(seccomp, "ixa"), CALL(getrandom, "aux"),
    CALL(memfd_create, "px"), CALL(kexec_file_load, "iiupx"), CALL(bpf, "iau"),
    CALL(execveat, "dpaax"), CALL(userfaultfd, "x"), CALL(membarrier, "ixi"), CALL(mlock2, "aux"),
    CALL(copy_file_range, "iaiaux"), CALL(preadv2, "iaiiix"), CALL(pwritev2, "iaiiix"),
    CALL(pkey_mprotect, "auPi"), CALL(pkey_alloc, "xx"), CALL(pkey_free, "i"),
    CALL(statx, "dpxxa"), CALL(io_pgetevents, "xiiaaa"), CALL(rseq, "auxx"),
    CALL(pidfd_send_signal, "isax"), CALL(io_uring_setup, "ua"), CALL(io_uring_enter, "iuuxau"),
    CALL(io_uring_register, "iiau"), CALL(open_tree, "dpx"), CALL(move_mount, "dpdpx"),
    CALL(fsopen, "px"), CALL(fsconfig, "iippi"), CALL(fsmount, "ixx"), CALL(fspick, "dpx"),
    CALL(pidfd_open, "ix"), CALL(clone3, "au"), CALL(close_range, "uux"), CALL(openat2, "dpau"),
    CALL(pidfd_getfd, "iix"), CALL(faccessat2, "dpix"), CALL(process_madvise, "iauix"),
    CALL(epoll_pwait2, "iaiaau"), CALL(mount_setattr, "dpxau"), CALL(quotactl_fd, "ixia"),
    CALL(landlock_create_ruleset, "aux"), CALL(landlock_add_rule, "iiax"),
    CALL(landlock_restrict_self, "ix"), CALL(memfd_secret, "x"), CALL(process_mrelease, "ix"),
    CALL(futex_waitv, "auxai"), CALL(set_mempolicy_home_node, "auux"),
#ifdef __x86_64__
    CALL(open, "poM"), CALL(stat, "pa"), CALL(lstat, "pa"), CALL(poll, "aui"), CALL(access, "pi"),
    CALL(pipe, "a"), CALL(select, "iaaaa"), CALL(dup2, "ii"), CALL(pause, ""), CALL(alarm, "u"),
    CALL(fork, ""), CALL(vfork, ""), CALL(getdents, "iau"), CALL(rename, "pp"), CALL(mkdir, "pm"),
    CALL(rmdir, "p"), CALL(creat, "pm"), CALL(link, "pp"), CALL(unlink, "p"), CALL(symlink, "pp"),
    CALL(readlink, "pau"), CALL(chmod, "pm"), CALL(chown, "pii"), CALL(lchown, "pii"),
    CALL(getpgrp, ""), CALL(utime, "pa"), CALL(mknod, "pmx"), CALL(uselib, "p"),
    CALL(ustat, "xa"), CALL(sysfs, "iaa"), CALL(modify_ldt, "iau"), CALL(_sysctl, "a"),
    CALL(arch_prctl, "xx"), CALL(iopl, "i"), CALL(ioperm, "uui"), CALL(create_module, "xxxxxx"),
    CALL(get_kernel_syms, "xxxxxx"), CALL(query_module, "xxxxxx"), CALL(getpmsg, "xxxxxx"),
    CALL(putpmsg, "xxxxxx"), CALL(afs_syscall, "xxxxxx"), CALL(tuxcall, "xxxxxx"),
    CALL(security, "xxxxxx"), CALL(time, "a"), CALL(set_thread_area, "xxxxxx"),
    CALL(get_thread_area, "xxxxxx"), CALL(epoll_create, "i"), CALL(epoll_ctl_old, "xxxxxx"),
    CALL(epoll_wait_old, "xxxxxx"), CALL(epoll_wait, "iaii"), CALL(utimes, "pa"),
    CALL(vserver, "xxxxxx"), CALL(inotify_init, ""), CALL(futimesat, "dpa"),
    CALL(signalfd, "iau"), CALL(eventfd, "u"),
#endif
};
/* clang-format on */

#undef CALL

const struct base__system_call *base__system_call(long number)
{
    const long count = (long)(sizeof calls / sizeof calls[0]);

    return number >= 0 && number < count && calls[number].name ? &calls[number] : NULL;
}

int base__system_call_path(long number)
{
    const struct base__system_call *call = base__system_call(number);
    const char *path = call ? strchr(call->arguments, 'p') : NULL;

    return path ? (int)(path - call->arguments) : -1;
}

/* ---- text ---- */

/* Text that is cut where the room ends. */
struct text {
    char *at;
    size_t room;
};

static void append(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text->at, text->room, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t written = (size_t)length < text->room ? (size_t)length : text->room - 1;
    text->at += written;
    text->room -= written;
}

struct word {
    uint64_t bits;
    const char *name;
};

/* Names of the bits that are known, then the others as a number. */
static void append_bits(struct text *text, uint64_t bits, const struct word *words, size_t count,
                        const char *none)
{
    const char *separator = "";

    for (size_t i = 0; i < count; i++) {
        if ((bits & words[i].bits) != words[i].bits)
            continue;
        append(text, "%s%s", separator, words[i].name);
        separator = "|";
        bits &= ~words[i].bits;
    }
    if (bits != 0)
        append(text, "%s0x%" PRIx64, separator, bits);
    else if (*separator == '\0')
        append(text, "%s", none);
}

static void append_open_flags(struct text *text, uint64_t value)
{
    static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
    static const struct word words[] = {
        { O_TMPFILE, "O_TMPFILE" }, { O_CREAT, "O_CREAT" }, { O_EXCL, "O_EXCL" },
        { O_NOCTTY, "O_NOCTTY" }, { O_TRUNC, "O_TRUNC" }, { O_APPEND, "O_APPEND" },
        { O_NONBLOCK, "O_NONBLOCK" }, { O_SYNC, "O_SYNC" }, { O_DSYNC, "O_DSYNC" },
        { O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" }, { O_CLOEXEC, "O_CLOEXEC" },
        { O_PATH, "O_PATH" },
    };
    uint64_t bits = value & ~(uint64_t)O_ACCMODE;

    append(text, "%s", modes[value & O_ACCMODE]);
    if (bits == 0)
        return;
    append(text, "|");
    append_bits(text, bits, words, sizeof words / sizeof words[0], "0");
}

static void append_protection(struct text *text, uint64_t value)
{
    static const struct word words[] = {
        { PROT_READ, "PROT_READ" }, { PROT_WRITE, "PROT_WRITE" }, { PROT_EXEC, "PROT_EXEC" },
    };

    append_bits(text, value, words, sizeof words / sizeof words[0], "PROT_NONE");
}

static void append_family(struct text *text, int value)
{
    static const char *const names[] = {
        [AF_UNSPEC] = "AF_UNSPEC", [AF_UNIX] = "AF_UNIX", [AF_INET] = "AF_INET",
        [AF_INET6] = "AF_INET6", [AF_NETLINK] = "AF_NETLINK", [AF_PACKET] = "AF_PACKET",
        [AF_VSOCK] = "AF_VSOCK", [AF_ALG] = "AF_ALG",
    };
    const int count = (int)(sizeof names / sizeof names[0]);

    if (value >= 0 && value < count && names[value])
        append(text, "%s", names[value]);
    else
        append(text, "%d", value);
}

static void append_socket_type(struct text *text, uint64_t value)
{
    static const char *const names[] = {
        [SOCK_STREAM] = "SOCK_STREAM", [SOCK_DGRAM] = "SOCK_DGRAM", [SOCK_RAW] = "SOCK_RAW",
        [SOCK_SEQPACKET] = "SOCK_SEQPACKET",
    };
    static const struct word words[] = {
        { SOCK_CLOEXEC, "SOCK_CLOEXEC" }, { SOCK_NONBLOCK, "SOCK_NONBLOCK" },
    };
    const uint64_t type = value & 0xf, bits = value & ~(uint64_t)0xf;

    if (type < sizeof names / sizeof names[0] && names[type])
        append(text, "%s", names[type]);
    else
        append(text, "%" PRIu64, type);
    if (bits == 0)
        return;
    append(text, "|");
    append_bits(text, bits, words, sizeof words / sizeof words[0], "0");
}

static void append_signal(struct text *text, int value)
{
    const char *name = sigabbrev_np(value);

    if (name)
        append(text, "SIG%s", name);
    else
        append(text, "%d", value);
}

static void append_address(struct text *text, uint64_t value)
{
    if (value == 0)
        append(text, "NULL");
    else
        append(text, "0x%" PRIx64, value);
}

static void append_directory(struct text *text, int value)
{
    if (value == AT_FDCWD)
        append(text, "AT_FDCWD");
    else
        append(text, "%d", value);
}

static void append_argument(struct text *text, char letter, uint64_t value)
{
    switch (letter) {
    case 'a':
    case 'p':
        append_address(text, value);
        break;
    case 'd':
        append_directory(text, (int)value);
        break;
    case 'f':
        append_family(text, (int)value);
        break;
    case 'i':
        append(text, "%d", (int)value);
        break;
    case 'm':
    case 'M':
        append(text, "0%o", (unsigned)value);
        break;
    case 'o':
        append_open_flags(text, (uint32_t)value);
        break;
    case 'P':
        append_protection(text, value);
        break;
    case 's':
        append_signal(text, (int)value);
        break;
    case 't':
        append_socket_type(text, (uint32_t)value);
        break;
    case 'u':
        append(text, "%" PRIu64, value);
        break;
    default:
        append(text, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
    }
}

/* Open has a mode only if it makes a file. */
static bool is_unused(const char *letter, const uint64_t value[])
{
    return *letter == 'M' && !(value[-1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
}

void base__system_call_print(long number, const uint64_t argument[BASE_SYSTEM_CALL_ARGUMENTS],
                             const char *path, char ret_text[BASE_SYSTEM_CALL_TEXT])
{
    const struct base__system_call *call = base__system_call(number);
    const char *letters = call ? call->arguments : "xxxxxx";
    struct text text = { ret_text, BASE_SYSTEM_CALL_TEXT };
    int first_path = base__system_call_path(number);

    if (call)
        append(&text, "%s(", call->name);
    else
        append(&text, "syscall %ld(", number);
    for (int i = 0; letters[i] != '\0'; i++) {
        if (is_unused(&letters[i], &argument[i]))
            continue;
        append(&text, "%s", i > 0 ? ", " : "");
        if (i == first_path && path)
            append(&text, "\"%s\"", path);
        else
            append_argument(&text, letters[i], argument[i]);
    }
    append(&text, ")");
}
