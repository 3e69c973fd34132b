/*
 * signals.c - signals from outside and inside, limits, filters, changed ids
 */
#include "tests/torture/torture.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char text[] = "more than fits";

#define SELF(n, s, w) \
    CRASH(n, w, "raises,t_" #n) \
    { \
        raises(s); \
        KEEP; \
        return OUT; \
    }
SELF(raise_segv, SIGSEGV, "signal:11")
SELF(raise_abrt, SIGABRT, "signal:6")
SELF(raise_quit, SIGQUIT, "signal:3")

#define OUTER(n, s, w) \
    CRASH(n, w, "killed_by,t_" #n) \
    { \
        killed_by(s); \
        KEEP; \
        return OUT; \
    }
OUTER(killed_segv, SIGSEGV, "signal:11")
OUTER(killed_bus, SIGBUS, "signal:7")
OUTER(killed_fpe, SIGFPE, "signal:8")
OUTER(killed_trap, SIGTRAP, "signal:5")
#define OUTER0(n, s, w) \
    CRASH(n, w, "") \
    { \
        killed_by(s); \
        KEEP; \
        return OUT; \
    }
OUTER0(killed_int, SIGINT, "signal:2")
OUTER0(killed_hup, SIGHUP, "signal:1")
OUTER0(killed_usr1, SIGUSR1, "signal:10")

CRASH(sigpipe, "signal:13", "")
{
    int p[2];
    (void)!pipe(p);
    close(p[0]);
    signal(SIGPIPE, SIG_DFL);
    (void)!write(p[1], "x", 1);
    KEEP;
    return OUT;
}

CRASH(alarm_default, "signal:14", "")
{
    alarm(1);
    for (;;)
        pause();
    return OUT;
}

CRASH(xfsz, "signal:25", "")
{
    struct rlimit l = { 100, 100 };
    setrlimit(RLIMIT_FSIZE, &l);
    int f = open("xfsz", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    for (int i = 0; i < 9; i++)
        (void)!write(f, text, sizeof text), (void)!pwrite(f, "x", 1, 200);
    return OUT;
}

NI static void fills(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *p = malloc(1 << 20);
        for (int k = 0; k < 1 << 20; k += 4096)
            ((volatile char *)p)[k] = 1;
    }
    KEEP;
}

CRASH(rlimit_as_tight, "signal:11", "die_here,t_rlimit_as_tight")
{
    struct rlimit l = { 1 << 20, 1 << 20 };
    setrlimit(RLIMIT_AS, &l);
    die_here();
    KEEP;
    return OUT;
}

CRASH(oom_kill, "out_of_memory:9", "")
{
    const char *group = getenv("TORTURE_CGROUP");
    int f = group ? open(group, O_WRONLY) : -1;
    if (f < 0 || write(f, "0", 1) != 1)
        _exit(97);
    fills(200);
    KEEP;
    return OUT;
}

static void filter(uint32_t nr, uint32_t what)
{
    struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, what),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    struct sock_fprog p = { 4, f };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, 2, &p, 0, 0);
}

NI static void forbidden(void)
{
    syscall(SYS_getppid);
    KEEP;
}

CRASH(seccomp_strict, "signal:9", "")
{
    prctl(PR_SET_SECCOMP, 1);
    forbidden();
    KEEP;
    return OUT;
}

CRASH(seccomp_no_tgkill, "signal:11", "die_here,t_seccomp_no_tgkill")
{
    filter(SYS_tgkill, SECCOMP_RET_ERRNO | EPERM);
    die_here();
    KEEP;
    return OUT;
}

CRASH(uid_changed, "signal:11", "die_here,t_uid_changed")
{
    (void)!setgid(65534);
    (void)!setuid(65534);
    die_here();
    KEEP;
    return OUT;
}

CRASH(chrooted, "signal:11", "die_here,t_chrooted")
{
    (void)!chroot("empty");
    (void)!chdir("/");
    die_here();
    KEEP;
    return OUT;
}

static void allow_only(uint32_t other)
{
    static const uint32_t ok[] = { SYS_read,    SYS_write,   SYS_exit_group, SYS_rt_sigreturn,
                                   SYS_sendmsg, SYS_recvmsg, SYS_mmap,       SYS_munmap,
                                   SYS_brk,     SYS_futex };
    struct sock_filter f[32];
    int n = 0, k = sizeof ok / sizeof *ok;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    for (int i = 0; i < k; i++)
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ok[i],
                                              (unsigned char)(k - i), 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog p = { (unsigned short)n, f };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, 2, &p, 0, 0);
}

CRASH(sandbox_refuses, "signal:11", "die_here,t_sandbox_refuses")
{
    allow_only(SECCOMP_RET_ERRNO | EPERM);
    die_here();
    KEEP;
    return OUT;
}
NI static void *overflower_alt(void *a)
{
    own_altstack();
    sink = recurse(0);
    KEEP;
    return a;
}

CRASH(overflow_thread_altstack, "stack_overflow:11", "recurse,recurse,recurse,overflower_alt")
{
    run_thread(overflower_alt);
    return OUT;
}

CRASH(sigcont_storm, "signal:11", "die_here,t_sigcont_storm")
{
    pid_t me = getpid();
    if (fork() == 0) {
        setpgid(0, 0);
        for (int i = 0; i < 200000; i++)
            kill(me, SIGCONT);
        _exit(0);
    }
    usleep(1000);
    die_here();
    KEEP;
    return OUT;
}

CRASH(nproc_zero, "signal:11", "die_here,t_nproc_zero")
{
    struct rlimit l = { 0, 0 };
    setrlimit(RLIMIT_NPROC, &l);
    die_here();
    KEEP;
    return OUT;
}

NI static void asserts_refused(void)
{
    abort();
}

CRASH(sandbox_refuses_abort, "signal:11", "asserts_refused,t_sandbox_refuses_abort")
{
    allow_only(SECCOMP_RET_ERRNO | EPERM);
    asserts_refused();
    KEEP;
    return OUT;
}
