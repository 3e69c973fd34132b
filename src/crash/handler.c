#include "src/crash/handler.h"

#include "src/crash/remote_memory.h"
#include "src/base/written.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CRASH_MAGIC = 0x63726173, STACK_BYTES = 65536, STACK_ENOUGH = 16384, SIGSET_BYTES = 8 };

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

/* Static, not mapped: a child that never crashes pays for none of its pages. */
static unsigned char stack[STACK_BYTES] __attribute__((aligned(64)));

static struct crash_record record BASE_WRITTEN;
static pthread_t main_thread BASE_WRITTEN;

/* From here to on_crash(): async-signal-safe. Each function makes system calls through syscall(),
 * whose symbol is bound by forkserver__crash_install() already, as is pthread_self(), and touches
 * the record and its own stack only. */

/* Its number is the process's. Each system call less is one that a filter cannot kill for. */
static bool is_main_thread(void)
{
    return pthread_equal(pthread_self(), main_thread);
}

static pid_t self(void)
{
    return is_main_thread() ? record.pid : (pid_t)syscall(SYS_gettid);
}

static bool is_ours(void)
{
    return record.magic == CRASH_MAGIC && syscall(SYS_getpid) == record.pid;
}

static void set_state(enum crash_state state)
{
    __atomic_store_n(&record.state, state, __ATOMIC_RELEASE);
}

/* The first one has the record; whoever comes later waits here. After a crash that is for ever: the
 * process dies. */
static void claim(void)
{
    uint32_t seen = CRASH_IDLE;

    while (!__atomic_compare_exchange_n(&record.state, &seen, CRASH_FILLING, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        syscall(SYS_futex, &record.state, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        seen = CRASH_IDLE;
    }
}

/* A signal to this very thread is delivered before tgkill returns, as one to the process is before
 * kill returns in its main thread. In another one that may take a moment. */
static void stop(enum crash_state state)
{
    static const struct timespec moment = {.tv_nsec = 100000000};

    set_state(state);
    if (!is_main_thread() && syscall(SYS_tgkill, record.pid, self(), SIGSTOP) == 0)
        return;
    if (syscall(SYS_kill, record.pid, SIGSTOP) == 0 && !is_main_thread())
        syscall(SYS_futex, &record.state, FUTEX_WAIT_PRIVATE, state, &moment, NULL, 0);
}

/* All zero is SIG_DFL with no flags, whatever the order of the kernel's fields. */
static bool restore_default(int signo)
{
    static const unsigned char zero[64];

    return syscall(SYS_rt_sigaction, signo, zero, NULL, SIGSET_BYTES) == 0;
}

/* Does returning from the handler run into the same fault again? */
static bool is_repeated(int signo, const siginfo_t *info)
{
    return info->si_code > 0 &&
           (signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL);
}

static void fill(int signo, const siginfo_t *info, const ucontext_t *context)
{
    record.tid = self();
    record.signo = signo;
    record.code = info->si_code;
    record.address = is_repeated(signo, info) ? (uint64_t)(uintptr_t)info->si_addr : 0;
    forkserver__machine_from_context(context, &record.registers);
}

/* Once the handler has returned. The kernel reads one word, whatever the C library makes of it. */
static void block(int signo, ucontext_t *context)
{
    uint64_t mask;

    memcpy(&mask, &context->uc_sigmask, sizeof mask);
    mask |= UINT64_C(1) << (signo - 1);
    memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

/* The kernel kills for a fault whose signal is blocked, and asks no handler. Where another signal
 * cannot be made to kill, the process dies all the same: what it died of is in the record. */
static void die(int signo, const siginfo_t *info, ucontext_t *context)
{
    if (is_repeated(signo, info))
        block(signo, context);
    else if (!restore_default(signo) ||
             syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), signo) != 0)
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

static void on_crash(int signo, siginfo_t *info, void *context)
{
    if (is_ours()) {
        claim();
        fill(signo, info, context);
        stop(CRASH_CRASHED);
        set_state(CRASH_RELEASED);
    }
    die(signo, info, context);
}

static int install_stack(void)
{
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack}, present;

    /* A sanitizer insists on its own. */
    if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE) &&
        present.ss_size >= STACK_ENOUGH)
        return 0;
    return sigaltstack(&alternate, NULL) == 0 ? 0 : -errno;
}

static int install_handlers(void)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
        if (sigaction(crash_signals[i], &action, NULL) != 0)
            return -errno;
    return 0;
}

/* A sanitizer that found an error prints it and exits: no signal tells of it. Weak: NULL where the
 * program has none. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void on_sanitizer_death(void)
{
    (void)forkserver__crash_raise();
}

int forkserver__crash_prepare(void)
{
    int error = install_stack();

    if (error)
        return error;
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_sanitizer_death);
    return install_handlers();
}

void forkserver__crash_arm(pid_t parent)
{
    record = (struct crash_record){.magic = CRASH_MAGIC, .state = CRASH_IDLE};
    record.pid = (int32_t)syscall(SYS_getpid);
    main_thread = pthread_self();
    /* Refused where nobody asks: then nobody has to be named. */
    (void)prctl(PR_SET_PTRACER, (unsigned long)parent, 0, 0, 0);
}

int forkserver__crash_install(pid_t parent)
{
    int error = forkserver__crash_prepare();

    if (error == 0)
        forkserver__crash_arm(parent);
    return error;
}

int forkserver__crash_raise(void)
{
    ucontext_t context;

    if (!is_ours())
        return -ENOTSUP;
    getcontext(&context);
    claim();
    record.tid = self();
    record.signo = 0;
    record.code = 0;
    record.address = 0;
    forkserver__machine_from_context(&context, &record.registers);
    stop(CRASH_RAISED);
    set_state(CRASH_IDLE);
    syscall(SYS_futex, &record.state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    return 0;
}

static int copy_record(pid_t tid, struct crash_record *ret_copy)
{
    return forkserver__memory_peek(tid, &record, ret_copy, sizeof *ret_copy);
}

/* A process whose main thread has ended shows its memory through another thread only. */
static int copy_by_any_thread(pid_t pid, struct crash_record *ret_copy)
{
    char path[32];
    int error = -ESRCH;
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return -errno;
    while (error == -ESRCH && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            error = copy_record((pid_t)strtol(entry->d_name, NULL, 10), ret_copy);
    closedir(directory);
    return error;
}

int forkserver__crash_read(pid_t pid, struct crash_record *ret_record)
{
    struct crash_record copy;
    int error = copy_record(pid, &copy);

    if (error == -ESRCH)
        error = copy_by_any_thread(pid, &copy);
    if (error)
        return error;
    if (copy.magic != CRASH_MAGIC || copy.pid != pid || copy.signo < 0 || copy.signo >= NSIG ||
        (copy.state != CRASH_CRASHED && copy.state != CRASH_RAISED))
        return -ENOENT;
    *ret_record = copy;
    return 0;
}
