/*
 * kinds.c - the table of kinds of state, and each kind
 */
#include "src/fresh/kinds.h"

#include "src/fresh/numbers.h"
#include "src/fresh/raw.h"
#include "src/fresh/spaces.h"
#include "src/fresh/status.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

enum { SIGSET = 8, WALL = 0x40000000 };

/* ---- threads, memory shared with other processes, undone semaphores, children ---- */

/*
 * The kernel refuses this to a process with threads, or with others in its memory; else it only
 * undoes semaphores, as at the end of a process. A thread that was joined may take a moment to
 * leave.
 */
static bool is_alone(void)
{
    enum { MOMENTS = 100 };

    for (int i = 0; i < MOMENTS; i++) {
        if (fresh__call(SYS_unshare, CLONE_THREAD | CLONE_SYSVSEM) == 0)
            return true;
        fresh__call(SYS_sched_yield, 0);
    }
    return false;
}

static bool save_alone(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)saved;
    (void)work;
    return is_alone();
}

static bool look_alone(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)saved;
    (void)work;
    return is_alone();
}

static bool is_childless(void)
{
    return fresh__call(SYS_waitid, P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT | WALL, NULL) ==
           -ECHILD;
}

static bool save_children(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)saved;
    (void)work;
    return is_childless();
}

static bool look_children(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)saved;
    (void)work;
    return is_childless();
}

/* ---- what /proc/self/status tells ---- */

static bool look_status(const struct fresh__saved *saved, struct fresh__work *work)
{
    return fresh__status_look(saved, work) == NULL;
}

/* ---- capabilities: the status tells if they have changed ---- */

static bool save_capabilities(struct fresh__saved *saved, struct fresh__work *work)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    (void)work;
    if (fresh__call(SYS_capget, &header, data) < 0)
        return false;
    saved->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    return true;
}

/* ---- limits ---- */

/* A limit of 0 cannot be changed without the right to raise it. getrlimit(2) is quicker than
 * prlimit(2). */
static long get_limit(int resource, struct rlimit *limit)
{
#ifdef SYS_getrlimit
    return fresh__call(SYS_getrlimit, resource, limit);
#else
    return fresh__call(SYS_prlimit64, 0, resource, NULL, limit);
#endif
}

static bool save_limits(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    for (int i = 0; i < FRESH__LIMITS; i++) {
        struct rlimit *limit = &saved->limit[i];
        if (get_limit(i, limit) < 0)
            return false;
        saved->fixed_limit[i] = limit->rlim_cur == 0 && limit->rlim_max == 0 &&
                                !(saved->permitted >> CAP_SYS_RESOURCE & 1);
    }
    return true;
}

static bool look_limits(const struct fresh__saved *saved, struct fresh__work *work)
{
    struct rlimit now;

    (void)work;
    for (int i = 0; i < FRESH__LIMITS; i++) {
        const struct rlimit *was = &saved->limit[i];
        if (saved->fixed_limit[i])
            continue;
        if (get_limit(i, &now) < 0)
            return false;
        if (now.rlim_cur == was->rlim_cur && now.rlim_max == was->rlim_max)
            continue;
        if (fresh__call(SYS_prlimit64, 0, i, was, NULL) < 0)
            return false;
    }
    return true;
}

/* ---- scheduling ---- */

/* struct sched_attr; its first member is its size. */
static bool get_schedule(unsigned char *schedule, size_t size)
{
    fresh__clear(schedule, size);
    return fresh__call(SYS_sched_getattr, 0, schedule, size, 0) == 0;
}

static bool save_schedule(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    saved->processors_length =
        fresh__call(SYS_sched_getaffinity, 0, sizeof saved->processors, saved->processors);
    return saved->processors_length > 0 &&
           get_schedule(saved->schedule, sizeof saved->schedule);
}

static bool look_schedule(const struct fresh__saved *saved, struct fresh__work *work)
{
    unsigned char now[sizeof saved->schedule];

    if (work->found.processors &&
        fresh__call(SYS_sched_setaffinity, 0, saved->processors_length, saved->processors) < 0)
        return false;
    if (!get_schedule(now, sizeof now))
        return false;
    if (fresh__same(now, saved->schedule, sizeof now))
        return true;
    return fresh__call(SYS_sched_setattr, 0, saved->schedule, 0) == 0 &&
           get_schedule(now, sizeof now) && fresh__same(now, saved->schedule, sizeof now);
}

/* ---- numbers ---- */

static bool save_numbers(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    fresh__numbers_save(saved);
    return true;
}

static bool look_numbers(const struct fresh__saved *saved, struct fresh__work *work)
{
    return fresh__numbers_put_back(saved, &work->obstacle);
}

/* ---- timers ---- */

/* /proc/self/timers begins with "ID: 5" if there are timers. -1: there are none. */
static int first_timer(const struct fresh__saved *saved)
{
    enum { DIGITS = 4 };        /* where they begin */
    char text[24];
    int timer = 0;
    long length = fresh__call(SYS_pread64, saved->files.timers, text, sizeof text, 0);

    if (length <= DIGITS)
        return -1;
    for (long i = DIGITS; i < length && text[i] >= '0' && text[i] <= '9'; i++)
        timer = timer * 10 + (text[i] - '0');
    return timer;
}

static bool delete_timers(const struct fresh__saved *saved)
{
    enum { MANY = 1000 };
    int timer = 0;

    for (int i = 0; i <= MANY && (timer = first_timer(saved)) >= 0; i++)
        fresh__call(SYS_timer_delete, timer);
    return timer < 0;
}

/* Timers are numbered upwards, so a new one tells how many were made. */
static int make_timer(void)
{
    struct sigevent none;
    int timer = -1;

    fresh__clear(&none, sizeof none);
    none.sigev_notify = SIGEV_NONE;
    long rc = fresh__call(SYS_timer_create, CLOCK_MONOTONIC, &none, &timer);
    if (rc < 0)
        return (int)rc;
    fresh__call(SYS_timer_delete, timer);
    return timer;
}

static bool is_interval_set(int which)
{
    struct itimerval now;

    fresh__clear(&now, sizeof now);
    fresh__call(SYS_getitimer, which, &now);
    return now.it_value.tv_sec != 0 || now.it_value.tv_usec != 0;
}

static bool has_timers(const struct fresh__saved *saved, struct fresh__work *work)
{
    struct itimerspec now;

    if (saved->files.timers >= 0)
        return first_timer(saved) >= 0;
    int next = make_timer();
    for (int i = 0; i < next; i++) {
        if (fresh__call(SYS_timer_gettime, i, &now) == 0)
            return true;
    }
    work->next_timer = next + 1;
    return next < 0;
}

/* Those of the initializer are for each call, and cannot be put back. */
static bool save_timers(struct fresh__saved *saved, struct fresh__work *work)
{
    return !has_timers(saved, work) && !is_interval_set(ITIMER_REAL) &&
           !is_interval_set(ITIMER_VIRTUAL) && !is_interval_set(ITIMER_PROF);
}

static bool look_timers(const struct fresh__saved *saved, struct fresh__work *work)
{
    enum { MANY = 1000 };

    if (saved->files.timers >= 0)
        return delete_timers(saved);
    int timer = make_timer();
    if (timer < work->next_timer || timer - work->next_timer > MANY)
        return false;
    for (int i = work->next_timer; i < timer; i++)
        fresh__call(SYS_timer_delete, i);
    work->next_timer = timer + 1;
    return true;
}

static bool put_back_intervals(const struct fresh__saved *saved, struct fresh__work *work)
{
    struct itimerval none;

    (void)saved;
    (void)work;
    fresh__clear(&none, sizeof none);
    return fresh__call(SYS_setitimer, ITIMER_REAL, &none, NULL) == 0 &&
           fresh__call(SYS_setitimer, ITIMER_VIRTUAL, &none, NULL) == 0 &&
           fresh__call(SYS_setitimer, ITIMER_PROF, &none, NULL) == 0;
}

/* ---- signals; all are blocked during a reset ---- */

static bool save_signals(struct fresh__saved *saved, struct fresh__work *work)
{
    const uintptr_t ignore = (uintptr_t)SIG_IGN;

    (void)work;
    for (int i = 1; i <= FRESH__SIGNALS; i++) {
        uintptr_t handler;
        if (fresh__call(SYS_rt_sigaction, i, NULL, saved->action[i], SIGSET) < 0)
            return false;
        fresh__copy(&handler, saved->action[i], sizeof handler);
        saved->caught[i] = handler > ignore || i == SIGCHLD;
    }
    return true;
}

/* Which signals are ignored and which are caught is known; not by what. */
static bool put_back_actions(const struct fresh__saved *saved, struct fresh__work *work)
{
    for (int i = 1; i <= FRESH__SIGNALS; i++) {
        if ((!saved->caught[i] && !work->found.actions) || i == SIGKILL || i == SIGSTOP)
            continue;
        if (fresh__call(SYS_rt_sigaction, i, saved->action[i], NULL, SIGSET) < 0)
            return false;
    }
    return true;
}

static bool put_back_pending(const struct fresh__saved *saved, struct fresh__work *work)
{
    const struct timespec at_once = { 0, 0 };
    const uint64_t all = ~0ULL;
    enum { MANY = 100000 };
    uint64_t pending;

    (void)saved;
    (void)work;
    if (fresh__call(SYS_rt_sigpending, &pending, SIGSET) < 0)
        return false;
    for (int i = 0; pending != 0 && i < MANY; i++) {
        long rc = fresh__call(SYS_rt_sigtimedwait, &all, NULL, &at_once, SIGSET);
        if (rc == -EAGAIN)
            return true;
        if (rc < 0 && rc != -EINTR)
            return false;
    }
    return pending == 0;
}

static bool save_alternate(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    return fresh__call(SYS_sigaltstack, NULL, &saved->alternate) == 0;
}

static bool put_back_alternate(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    return fresh__call(SYS_sigaltstack, &saved->alternate, NULL) == 0;
}

/* ---- directory, mode of new files, name ---- */

static bool save_place(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    saved->mode = (unsigned)fresh__call(SYS_umask, 0);
    fresh__call(SYS_umask, saved->mode);
    return saved->files.cwd >= 0 && fresh__call(SYS_prctl, PR_GET_NAME, saved->name) == 0;
}

static bool put_back_place(const struct fresh__saved *saved, struct fresh__work *work)
{
    fresh__call(SYS_umask, saved->mode);
    if (work->found.name && fresh__call(SYS_prctl, PR_SET_NAME, saved->name) < 0)
        return false;
    return fresh__call(SYS_fchdir, saved->files.cwd) == 0;
}

/* ---- memory locks, what the kernel does when the thread ends ---- */

/* The area is new: it is locked too if new memory is to be. */
static bool save_locks(struct fresh__saved *saved, struct fresh__work *work)
{
    long length = fresh__status_read(saved, work->status);
    return length > 0 && fresh__status_is_zero(work->status, (size_t)length, "VmLck");
}

static bool put_back_locks(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)saved;
    (void)work;
    return fresh__call(SYS_munlockall, 0) == 0;
}

static bool save_thread(struct fresh__saved *saved, struct fresh__work *work)
{
    enum { GET_TID_ADDRESS = 40 };

    (void)work;
    if (fresh__call(SYS_prctl, GET_TID_ADDRESS, &saved->tid_address) < 0)
        saved->tid_address = 0;
    if (fresh__call(SYS_get_robust_list, 0, &saved->robust_list, &saved->robust_length) < 0)
        return false;
    saved->robust_first = saved->robust_list ? *(const uintptr_t *)saved->robust_list : 0;
    return true;
}

/* The kernel releases the robust mutexes of a thread that ends, and only then. */
static bool look_thread(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    return !saved->robust_list ||
           *(const volatile uintptr_t *)saved->robust_list == saved->robust_first;
}

static bool put_back_thread(const struct fresh__saved *saved, struct fresh__work *work)
{
    enum { SET_DISPATCH = 59, OFF = 0 };

    (void)work;
    if (saved->tid_address)
        fresh__call(SYS_set_tid_address, saved->tid_address);
    fresh__call(SYS_prctl, SET_DISPATCH, OFF, 0, 0, 0);
    return fresh__call(SYS_set_robust_list, saved->robust_list, saved->robust_length) == 0;
}

/* A function that gives up rseq(2) leaves no number of a processor there. */
static bool is_rseq_on(const struct fresh__saved *saved)
{
    return saved->rseq.start == saved->rseq.end ||
           (int32_t)((const volatile uint32_t *)saved->rseq.start)[1] >= 0;
}

static bool save_rseq(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    return is_rseq_on(saved);
}

static bool look_rseq(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    return is_rseq_on(saved);
}

/* ---- floating point ---- */

#if defined(__x86_64__)
static void get_float_control(uint32_t *control)
{
    uint16_t x87;

    __asm__ volatile("fnstcw %0" : "=m"(x87));
    control[0] = x87;
    __asm__ volatile("stmxcsr %0" : "=m"(control[1]));
}

/* Also empties the stack of the old unit, clears what has happened in it, and all flags. */
static void set_float_control(const uint32_t *control)
{
    uint16_t x87 = (uint16_t)control[0];

    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(x87));
    __asm__ volatile("ldmxcsr %0" : : "m"(control[1]));
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushq $2\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
                     :
                     :
                     : "memory", "cc");
}
#elif defined(__aarch64__)
static void get_float_control(uint32_t *control)
{
    uint64_t fpcr, fpsr;

    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(fpcr), "=r"(fpsr));
    control[0] = (uint32_t)fpcr;
    control[1] = (uint32_t)fpsr;
}

static void set_float_control(const uint32_t *control)
{
    uint64_t fpcr = control[0], fpsr = control[1];

    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(fpcr), "r"(fpsr));
}
#endif

static bool save_float(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
#if defined(__x86_64__) || defined(__aarch64__)
    get_float_control(saved->float_control);
    return true;
#else
    (void)saved;
    return false;
#endif
}

static bool put_back_float(const struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
#if defined(__x86_64__) || defined(__aarch64__)
    set_float_control(saved->float_control);
#else
    (void)saved;
#endif
    return true;
}

/* ---- the table ---- */

/* In this order. The status comes before what it has found; timers before pending signals. */
const struct fresh__kind fresh__kinds[] = {
    { "a thread, or a process in the same memory", save_alone, look_alone, NULL },
    { "a child process", save_children, look_children, NULL },
    { "ids, rights, filters, tracer, group or session", save_capabilities, look_status, NULL },
    { "resource limits", save_limits, look_limits, NULL },
    { "scheduling", save_schedule, look_schedule, NULL },
    { "root directory or namespaces", fresh__spaces_save, fresh__spaces_look, NULL },
    { "a mode of the process", save_numbers, look_numbers, NULL },
    { "timers", save_timers, look_timers, NULL },
    { "restartable sequences", save_rseq, look_rseq, NULL },
    { "interval timers", NULL, NULL, put_back_intervals },
    { "signal actions", save_signals, NULL, put_back_actions },
    { "pending signals", NULL, NULL, put_back_pending },
    { "the alternate stack", save_alternate, NULL, put_back_alternate },
    { "directory, umask and name", save_place, NULL, put_back_place },
    { "memory locks", save_locks, NULL, put_back_locks },
    { "a robust mutex", save_thread, look_thread, put_back_thread },
    { "floating-point modes", save_float, NULL, put_back_float },
};
const unsigned fresh__kind_count = sizeof fresh__kinds / sizeof fresh__kinds[0];

const char *fresh__kinds_save(struct fresh__saved *saved, struct fresh__work *work)
{
    for (unsigned i = 0; i < fresh__kind_count; i++) {
        if (fresh__kinds[i].save && !fresh__kinds[i].save(saved, work))
            return fresh__kinds[i].name;
    }
    return NULL;
}

const char *fresh__kinds_look(const struct fresh__saved *saved, struct fresh__work *work)
{
    for (unsigned i = 0; i < fresh__kind_count; i++) {
        if (fresh__kinds[i].look && !fresh__kinds[i].look(saved, work))
            return fresh__kinds[i].name;
    }
    return NULL;
}

const char *fresh__kinds_put_back(const struct fresh__saved *saved, struct fresh__work *work)
{
    for (unsigned i = 0; i < fresh__kind_count; i++) {
        if (fresh__kinds[i].put_back && !fresh__kinds[i].put_back(saved, work))
            return fresh__kinds[i].name;
    }
    return NULL;
}
