/*
 * handler.c - the crash handlers, and reading their record
 */
#include "src/crash/handler.h"

#include "src/crash/notice.h"
#include "src/crash/remote_memory.h"
#include "src/crash/texts.h"
#include "src/base/clock.h"
#include "src/base/signal_stack.h"
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
#include <sys/uio.h>
#include <unistd.h>

enum { CRASH_MAGIC = 0x63726173, STACK_BYTES = 65536, STACK_ENOUGH = 16384, SIGSET_BYTES = 8 };

/* All whose default action is a core dump. */
static const int crash_signals[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGABRT,
                                    SIGSYS,  SIGTRAP, SIGQUIT, SIGXCPU, SIGXFSZ};

/*
 * How long a child stops itself again while its record has not been seen, and has not been
 * examined.
 */
static const int64_t unseen_limit = BASE_SECOND / 50;
static const int64_t examination_limit = BASE_SECOND / 4 * 5;

/* Static, not mapped: in a child that never crashes its pages are never touched. */
static unsigned char stack[STACK_BYTES] __attribute__((aligned(64)));

static struct crash_record record BASE_WRITTEN;
static pthread_t main_thread BASE_WRITTEN;
static pid_t parent BASE_WRITTEN;
static bool (*trap_call)(ucontext_t *) BASE_WRITTEN;
static bool blocked BASE_WRITTEN; /* a fault was to end the process, by a mask: see die() */

/*
 * From here to on_crash(): async-signal-safe. These functions make system calls through syscall(),
 * whose symbol crash__install() has bound already, as that of pthread_self(), and use
 * only the record and their own stack.
 */

/*
 * The main thread's id is the process's. Each system call that is saved is one that a seccomp
 * filter cannot kill for.
 */
static bool is_main_thread(void)
{
    return pthread_equal(pthread_self(), main_thread);
}

static pid_t self(void)
{
    return is_main_thread() ? record.pid : (pid_t)syscall(SYS_gettid);
}

/* UNKNOWN: a filter tells neither the process nor its parent. */
enum whose { OTHERS, OURS, UNKNOWN };

/* A process that this one has forked has another number, and another parent. */
static enum whose whose(void)
{
    long pid = syscall(SYS_getpid), above;

    if (record.magic != CRASH_MAGIC)
        return OTHERS;
    if (pid >= 0 || !parent)
        return pid == record.pid ? OURS : OTHERS;
    above = syscall(SYS_getppid);
    if (above < 0)
        return UNKNOWN;
    return above == parent ? OURS : OTHERS;
}

static void set_state(enum crash_state state)
{
    __atomic_store_n(&record.state, state, __ATOMIC_RELEASE);
}

/*
 * The first thread gets the record; later ones wait here. After a crash they wait until the process
 * dies. Returns false in the thread that has crashed before and could not end the process: abort()
 * goes on to another signal.
 */
static bool claim(void)
{
    uint32_t seen = CRASH_IDLE;

    while (!__atomic_compare_exchange_n(&record.state, &seen, CRASH_FILLING, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        if (seen == CRASH_RELEASED && record.tid == self())
            return false;
        syscall(SYS_futex, &record.state, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        seen = CRASH_IDLE;
    }
    return true;
}

/*
 * tgkill delivers a signal for the calling thread before it returns. So does kill in the main
 * thread. In another thread kill may return before the stop, so the thread waits up to 100 ms.
 * Where one is refused, the other one is tried. Returns false if the process cannot stop itself.
 */
static bool stop_once(enum crash_state state)
{
    static const struct timespec moment = {.tv_nsec = 100000000};

    if (!is_main_thread() && syscall(SYS_tgkill, record.pid, self(), SIGSTOP) == 0)
        return true;
    if (syscall(SYS_kill, record.pid, SIGSTOP) != 0)
        return is_main_thread() && syscall(SYS_tgkill, record.pid, record.pid, SIGSTOP) == 0;
    if (!is_main_thread())
        syscall(SYS_futex, &record.state, FUTEX_WAIT_PRIVATE, state, &moment, NULL, 0);
    return true;
}

static bool waits(int64_t since)
{
    switch (__atomic_load_n(&record.examination, __ATOMIC_ACQUIRE)) {
    case CRASH_UNSEEN:
        return base__now() - since < unseen_limit;
    case CRASH_SEEN:
        return base__now() - since < examination_limit;
    default:
        return false;
    }
}

/* A filter may refuse to wait, too. */
static void wait_for_examination(int64_t since)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    uint32_t seen;

    while ((seen = __atomic_load_n(&record.examination, __ATOMIC_ACQUIRE)) != CRASH_EXAMINED &&
           base__now() - since < examination_limit)
        syscall(SYS_futex, &record.examination, FUTEX_WAIT_PRIVATE, seen, &moment, NULL, 0);
}

/*
 * The clock is no system call. A process that does not know itself must not stop another one; its
 * message can do no harm: the record that is read then is that of the process it belongs to.
 */
static void stop(enum whose whose, enum crash_state state)
{
    int64_t since = base__now();

    __atomic_store_n(&record.examination, CRASH_UNSEEN, __ATOMIC_RELAXED);
    set_state(state);
    if (whose == UNKNOWN || !stop_once(state)) {
        if (crash__send_notice())
            wait_for_examination(since);
        return;
    }
    while (waits(since) && stop_once(state))
        ;
}

/* All zero is SIG_DFL without flags, in any order of the kernel's fields. */
static bool restore_default(int signo)
{
    static const unsigned char zero[64];

    return syscall(SYS_rt_sigaction, signo, zero, NULL, SIGSET_BYTES) == 0;
}

/* Does returning from the handler repeat the same fault? */
static bool is_repeated(int signo, const siginfo_t *info)
{
    return info->si_code > 0 &&
           (signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL);
}

static int32_t number_of(int signo, const siginfo_t *info)
{
    if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
        return info->si_pid;
    return signo == SIGSYS ? info->si_syscall : 0;
}

static void fill(int signo, const siginfo_t *info, const ucontext_t *context)
{
    record.tid = self();
    record.signo = signo;
    record.code = info->si_code;
    record.address = is_repeated(signo, info) ? (uint64_t)(uintptr_t)info->si_addr : 0;
    record.number = number_of(signo, info);
    record.said = crash__texts_said();
    record.access = crash__machine_access(context);
    crash__machine_from_context(context, &record.registers);
}

/*
 * Blocks the signal from the handler's return on. The kernel reads one word of the mask, whatever
 * its size in the C library.
 */
static void block(int signo, ucontext_t *context)
{
    uint64_t mask;

    memcpy(&mask, &context->uc_sigmask, sizeof mask);
    mask |= UINT64_C(1) << (signo - 1);
    memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

/*
 * For a fault whose signal is blocked the kernel kills the process without a handler; valgrind does
 * not heed the mask, so that the fault comes here again. If another signal cannot be made fatal,
 * SIGKILL is used; the record has the cause.
 */
static void die(int signo, const siginfo_t *info, ucontext_t *context)
{
    if (is_repeated(signo, info)) {
        if (blocked)
            (void)restore_default(signo);
        blocked = true;
        block(signo, context);
    } else if (!restore_default(signo) ||
               syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), signo) != 0) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    }
}

/* Did a seccomp filter trap a system call that was done instead? */
static bool was_done(int signo, const siginfo_t *info, ucontext_t *context)
{
    return signo == SIGSYS && info->si_code == CRASH_TRAPPED && trap_call && trap_call(context);
}

static void on_crash(int signo, siginfo_t *info, void *context)
{
    enum whose owner;

    if (was_done(signo, info, context))
        return;
    owner = whose();
    if (owner != OTHERS && claim()) {
        fill(signo, info, context);
        stop(owner, CRASH_CRASHED);
        set_state(CRASH_RELEASED);
    }
    die(signo, info, context);
}

static void install_stack(void)
{
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack}, present;

    /* A sanitizer has an alternate stack of its own, which stays. */
    if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE) &&
        present.ss_size >= STACK_ENOUGH)
        return;
    (void)sigaltstack(&alternate, NULL);
}

static int install_handler(int signo)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigfillset(&action.sa_mask);
    return sigaction(signo, &action, NULL) == 0 ? 0 : -errno;
}

static int install_handlers(void)
{
    int error = 0;

    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals && !error; i++)
        error = install_handler(crash_signals[i]);
    return error;
}

/*
 * A sanitizer that finds an error prints it and exits, without a signal. Weak: NULL in a program
 * without a sanitizer.
 */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void on_sanitizer_death(void)
{
    crash__texts_by_sanitizer();
    (void)crash__raise();
}

int crash__prepare(void)
{
    /* Without a second stack all but an overflow is reported. */
    install_stack();
    (void)base__now(); /* binds the symbol that it uses */
    base__signal_stacks_want();
    crash__texts_prepare();
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_sanitizer_death);
    return install_handlers();
}

void crash__arm(pid_t server)
{
    record = (struct crash_record){.magic = CRASH_MAGIC, .state = CRASH_IDLE};
    record.pid = (int32_t)syscall(SYS_getpid);
    main_thread = pthread_self();
    parent = server;
    /* Fails on systems without Yama, which need no permission. */
    (void)prctl(PR_SET_PTRACER, (unsigned long)server, 0, 0, 0);
}

int crash__install(pid_t server)
{
    int error = crash__prepare();

    if (error == 0)
        crash__arm(server);
    return error;
}

int crash__set_trap(bool (*trap)(ucontext_t *context))
{
    struct sigaction present;

    trap_call = trap;
    if (sigaction(SIGSYS, NULL, &present) != 0)
        return -errno;
    return present.sa_handler == SIG_DFL ? install_handler(SIGSYS) : 0;
}

int crash__raise(void)
{
    const volatile enum whose owner = whose();      /* gcc takes getcontext() for setjmp() */
    ucontext_t context;

    if (owner == OTHERS)
        return -ENOTSUP;
    getcontext(&context);
    if (!claim())
        return -ENOTSUP;
    record.tid = self();
    record.signo = 0;
    record.code = 0;
    record.address = 0;
    record.number = 0;
    record.said = crash__texts_said();
    record.access = CRASH_ACCESS_UNKNOWN;
    crash__machine_from_context(&context, &record.registers);
    stop(owner, CRASH_RAISED);
    set_state(CRASH_IDLE);
    syscall(SYS_futex, &record.state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    return 0;
}

static int copy_record(pid_t tid, struct crash_record *ret_copy)
{
    return crash__memory_peek(tid, &record, ret_copy, sizeof *ret_copy);
}

/* If the main thread has ended, the process's memory can be read only through another thread. */
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

int crash__read(pid_t pid, struct crash_record *ret_record)
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

void crash__mark(pid_t pid, int mem, enum crash_examination examination)
{
    uint32_t value = examination;
    struct iovec from = {&value, sizeof value};
    struct iovec to = {&record.examination, sizeof value};

    if (mem < 0)
        (void)process_vm_writev(pid, &from, 1, &to, 1, 0);
    else
        (void)!pwrite(mem, &value, sizeof value, (off_t)(uintptr_t)&record.examination);
}
