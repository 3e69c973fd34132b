/*
 * acts_kernel.c - acts that change signals, timers, scheduling and modes of a process
 */
#include "tests/support/acts.h"

#include <errno.h>
#include <fenv.h>
#include <forkscope/tree.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ---- signals and timers ---- */

static void on_signal(int number) { (void)number; }
static void catch_signal(void) { signal(SIGUSR1, on_signal); }
static void ignore_signal(void) { signal(SIGUSR2, SIG_IGN); }
static void forget_crashes(void) { signal(SIGSEGV, SIG_DFL); }
static void replace_handler(void) { signal(SIGABRT, on_signal); }

static void have_no_zombies(void)
{
    struct sigaction action = { .sa_flags = SA_NOCLDWAIT };
    sigaction(SIGCHLD, &action, NULL);
}

static long see_action(int number)
{
    struct sigaction action;
    sigaction(number, NULL, &action);
    return (long)((uintptr_t)action.sa_handler & 0xffffff) + action.sa_flags;
}

static long see_usr1(void) { return see_action(SIGUSR1); }
static long see_usr2(void) { return see_action(SIGUSR2); }
static long see_segv(void) { return see_action(SIGSEGV); }
static long see_abort(void) { return see_action(SIGABRT); }
static long see_child_action(void) { return see_action(SIGCHLD); }

static void block(int number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void block_signal(void) { block(SIGWINCH); }
static void leave_pending(void) { block(SIGUSR2); raise(SIGUSR2); }

static void leave_queued(void)
{
    block(SIGRTMIN + 3);
    for (int i = 0; i < 5; i++)
        sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i });
}

static long see_blocked(void) { return acts_status("\nSigBlk:"); }
static long see_pending(void) { return acts_status("\nSigPnd:") ^ acts_status("\nShdPnd:"); }
static void change_stack(void)
{
    static char stack[65536];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
}

static long see_alternate(void)
{
    stack_t stack;
    sigaltstack(NULL, &stack);
    return (long)((uintptr_t)stack.ss_sp & 0xffffff) + stack.ss_flags;
}

static void ask_for_end(void) { int fd; procspawn_end_fd(&fd); }
static void set_alarm(void) { alarm(1000); }
static long see_alarm(void) { return alarm(0) > 0; }

static void set_interval(int which)
{
    setitimer(which, &(struct itimerval){ { 0, 0 }, { 1000, 0 } }, NULL);
}

static long see_interval(int which)
{
    struct itimerval value;
    getitimer(which, &value);
    return value.it_value.tv_sec > 0;
}

static void set_virtual(void) { set_interval(ITIMER_VIRTUAL); }
static long see_virtual(void) { return see_interval(ITIMER_VIRTUAL); }
static void set_profile(void) { set_interval(ITIMER_PROF); }
static long see_profile(void) { return see_interval(ITIMER_PROF); }

static int timer_number(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_NONE };
    int timer = -1;
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
    return timer;
}

static void arm_timer(void)
{
    struct itimerspec when = { { 0, 0 }, { 1000, 0 } };
    syscall(SYS_timer_settime, timer_number(), 0, &when, NULL);
}

/* Of the last ten numbers, how many are timers? */
static long see_timers(void)
{
    int last = timer_number();
    struct itimerspec value;
    long count = 0;

    syscall(SYS_timer_delete, last);
    for (int i = last - 10; i < last; i++)
        count += i >= 0 && syscall(SYS_timer_gettime, i, &value) == 0;
    return count;
}

/* ---- scheduling, modes of the process ---- */

static void be_nice(void) { (void)!nice(5); }
static long see_nice(void) { return getpriority(PRIO_PROCESS, 0); }
static void batch(void) { sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }); }
static void reset_on_fork(void)
{
    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &(struct sched_param){ 0 });
}
static long see_policy(void) { return sched_getscheduler(0); }

static void bind_processor(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static long see_processors(void) { return acts_status("\nCpus_allowed:"); }
static void lower_io(void) { syscall(SYS_ioprio_set, 1, 0, 3 << 13); }
static long see_io(void) { return syscall(SYS_ioprio_get, 1, 0); }
static void set_slack(void) { prctl(PR_SET_TIMERSLACK, 1234567); }
static long see_slack(void) { return prctl(PR_GET_TIMERSLACK); }
static void set_name(void) { prctl(PR_SET_NAME, "acts"); }
static long see_comm(void) { return acts_status("Name:"); }
static void hide(void) { prctl(PR_SET_DUMPABLE, 0); }
static long see_dumpable(void) { return prctl(PR_GET_DUMPABLE); }
static void outlive(void) { prctl(PR_SET_PDEATHSIG, 0); }

static long see_death_signal(void)
{
    int number = 0;
    prctl(PR_GET_PDEATHSIG, &number);
    return number;
}

static void give_up_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 0); }
static long see_subreaper(void) { int is = 0; prctl(PR_GET_CHILD_SUBREAPER, &is); return is; }
static void avoid_huge(void) { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }
static long see_huge(void) { return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0); }

static void set_machine_checks(void)
{
    prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
}

static long see_machine_checks(void) { return prctl(PR_MCE_KILL_GET, 0, 0, 0, 0); }
static void set_personality(void) { personality(ADDR_NO_RANDOMIZE); }
static long see_personality(void) { return personality(0xffffffff); }

static void prefer_memory(void) { syscall(SYS_set_mempolicy, 1 /* preferred */, NULL, 0); }
static long see_memory_policy(void)
{
    int mode = -1;
    syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0);
    return mode;
}

static void lock_some(void)
{
    static char locked[65536];
    mlock(locked, sizeof locked);
}

static void lock_all(void) { mlockall(MCL_FUTURE); }

/* A new mapping tells. */
static long see_locked(void)
{
    void *memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long seen = acts_status("\nVmLck:");
    munmap(memory, 65536);
    return seen;
}

static void round_up(void) { fesetround(FE_UPWARD); }
static long see_rounding(void) { return fegetround(); }
static void trap_division(void) { feenableexcept(FE_DIVBYZERO); }
static long see_traps(void) { return fegetexcept(); }
static void give_up_list(void) { syscall(SYS_set_robust_list, NULL, 24); }

static long see_list(void)
{
    void *head = NULL;
    size_t length;
    syscall(SYS_get_robust_list, 0, &head, &length);
    return head != NULL;
}

/* A process has such rings until its end, also when they were closed. */
static void use_rings(void)
{
    unsigned char parameters[256] = { 0 };
    close((int)syscall(SYS_io_uring_setup, 4, parameters));
}

static long see_rings(void)
{
    return syscall(SYS_io_uring_enter, 0, 0, 0, 1 << 4, NULL, 0) < 0 ? errno : 0;
}

static void hold_mutex(void)
{
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
}

static long see_held(void)
{
    void **head = NULL;
    size_t length;
    syscall(SYS_get_robust_list, 0, &head, &length);
    return head && *head != head;
}

static void set_keyring(void)
{
    syscall(SYS_keyctl, KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_USER_KEYRING);
}

static long see_keyring(void)
{
    return syscall(SYS_keyctl, KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE);
}

#if defined(__x86_64__)
/* A flag that a program may set and that changes nothing. */
static void set_flag(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x200000, (%%rsp)\n\tpopfq\n\t"
                     "lea 128(%%rsp), %%rsp" : : : "memory", "cc");
}

static long see_flag(void)
{
    unsigned long flags;
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tpopq %0\n\tlea 128(%%rsp), %%rsp"
                     : "=r"(flags) : : "memory", "cc");
    return flags >> 21 & 1;
}
#endif

static void forbid_clock(void) { prctl(PR_SET_TSC, PR_TSC_ENABLE); }
static long see_clock(void) { int mode = 0; prctl(PR_GET_TSC, &mode); return mode; }

const struct act kernel_acts[] = {
    { "a handler", catch_signal, see_usr1, 0, 0 },
    { "an ignored signal", ignore_signal, see_usr2, 0, 0 },
    { "no handler of crashes", forget_crashes, see_segv, 0, 0 },
    { "another handler of crashes", replace_handler, see_abort, 0, 0 },
    { "an action without zombies", have_no_zombies, see_child_action, 0, 1 },
    { "a blocked signal", block_signal, see_blocked, 0, 0 },
    { "a pending signal", leave_pending, see_pending, 0, 0 },
    { "queued signals", leave_queued, see_pending, 0, 0 },
    { "another alternate stack", change_stack, see_alternate, 0, 0 },
    { "a blocked end", ask_for_end, see_blocked, 0, 0 },
    { "an alarm", set_alarm, see_alarm, 0, 0 },
    { "a virtual interval timer", set_virtual, see_virtual, 0, 0 },
    { "a profiling interval timer", set_profile, see_profile, 0, 0 },
    { "a timer", arm_timer, see_timers, 0, 0 },
    { "niceness", be_nice, see_nice, 0, 0 },
    { "a scheduling policy", batch, see_policy, 0, 0 },
    { "a policy that forks reset", reset_on_fork, see_policy, 0, 0 },
    { "fewer processors", bind_processor, see_processors, 0, 0 },
    { "an I/O priority", lower_io, see_io, 0, 0 },
    { "timer slack", set_slack, see_slack, 0, 0 },
    { "a name", set_name, see_comm, 0, 0 },
    { "no dumps", hide, see_dumpable, 0, 1 },
    { "no death signal", outlive, see_death_signal, 0, 0 },
    { "no subreaper", give_up_orphans, see_subreaper, 0, 0 },
    { "no huge pages", avoid_huge, see_huge, 0, 0 },
    { "a policy for machine checks", set_machine_checks, see_machine_checks, 0, 0 },
    { "a personality", set_personality, see_personality, 0, 0 },
    { "a memory policy", prefer_memory, see_memory_policy, 0, 0 },
    { "locked memory", lock_some, see_locked, 0, 0 },
    { "locked memory from now on", lock_all, see_locked, 0, 1 },
    { "a rounding mode", round_up, see_rounding, 0, 0 },
    { "floating-point traps", trap_division, see_traps, 0, 1 },
    { "no robust list", give_up_list, see_list, 0, 0 },
    { "used rings of io_uring", use_rings, see_rings, 0, 0 },
    { "a robust mutex that is held", hold_mutex, see_held, 0, 1 },
    { "a keyring of requested keys", set_keyring, see_keyring, 0, 0 },
#if defined(__x86_64__)
    { "a flag of the processor", set_flag, see_flag, 0, 0 },
#endif
    { "a mode of the time stamp counter", forbid_clock, see_clock, 0, 0 },
    { 0 },
};
