/*
 * escapes_to_processes.c - attempts to reach other processes: the victim, the host, all
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

/* ---- signals: number 0 asks only whether one could be sent ---- */

ATTEMPT(signals_the_host, kill(w->host, 0))
ATTEMPT(signals_all, kill(-1, 0))
ATTEMPT(signals_its_group, kill(0, 0))
ATTEMPT(signals_the_group_of_the_host, kill(-w->host, 0))
ATTEMPT(signals_the_victim, kill(w->victim, 0))
ATTEMPT(signals_its_server, kill(getppid(), 0))
ATTEMPT(signals_with_a_high_half, syscall(SYS_kill, (1L << 32) | w->victim, 0L))
ATTEMPT(signals_its_own_group, kill(-getpid(), 0))
ATTEMPT(signals_a_thread, syscall(SYS_tgkill, w->victim, w->victim, 0))
ATTEMPT(signals_a_foreign_thread_as_its_own, syscall(SYS_tgkill, getpid(), w->victim, 0))
ATTEMPT(signals_a_task, syscall(SYS_tkill, w->victim, 0))
ATTEMPT(signals_itself, kill(getpid(), 0))

static int queues(long number, pid_t to)
{
    siginfo_t info = { .si_code = SI_QUEUE };

    if (number == SYS_rt_sigqueueinfo)
        return escape_told(syscall(number, to, 0, &info));
    return escape_told(syscall(number, to, to, 0, &info));
}

static int queues_a_signal(int handed)
{
    (void)handed;
    return queues(SYS_rt_sigqueueinfo, w->victim);
}

static int queues_a_signal_for_a_thread(int handed)
{
    (void)handed;
    return queues(SYS_rt_tgsigqueueinfo, w->victim);
}

/* ---- time ---- */

static int sets_a_timer(pid_t thread)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG };
    timer_t timer;

    event._sigev_un._tid = thread;
    return escape_told(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

static int sets_its_own_timer(int handed)
{
    (void)handed;
    return sets_a_timer(getpid());
}

static int sets_a_timer_of_the_victim(int handed)
{
    (void)handed;
    return sets_a_timer(w->victim);
}

/* The kernel has a clock for the processor time of each process. */
enum { CLOCK_OF_PROCESS = 2, CLOCK_OF_THREAD = 6 };

static clockid_t clock_of(pid_t pid, unsigned kind)
{
    return (clockid_t)(~(unsigned)pid << 3 | kind);
}

static struct timespec now;

ATTEMPT(reads_the_time_of_the_victim,
        syscall(SYS_clock_gettime, clock_of(w->victim, CLOCK_OF_PROCESS), &now))
ATTEMPT(asks_for_the_clock_of_the_victim,
        syscall(SYS_clock_getres, clock_of(w->victim, CLOCK_OF_PROCESS), &now))
ATTEMPT(waits_for_the_time_of_the_victim,
        syscall(SYS_clock_nanosleep, clock_of(w->victim, CLOCK_OF_PROCESS), TIMER_ABSTIME,
                &(struct timespec){ 0 }, NULL))
ATTEMPT(reads_the_time_of_a_thread_of_the_victim,
        syscall(SYS_clock_gettime, clock_of(w->victim, CLOCK_OF_THREAD), &now))
ATTEMPT(reads_the_time_of_its_thread,
        syscall(SYS_clock_gettime, clock_of(getpid(), CLOCK_OF_THREAD), &now))
ATTEMPT(reads_a_clock_with_a_high_half,
        syscall(SYS_clock_gettime, (1UL << 33) | (unsigned)clock_of(w->victim, CLOCK_OF_PROCESS),
                &now))
ATTEMPT(sleeps_with_an_alarm, syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME_ALARM, 0,
                                      &(struct timespec){ 0 }, NULL))
ATTEMPT(reads_its_own_time, syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &now))

/* ---- what a process is ---- */

static cpu_set_t processors;

static int sets_limits(int handed)
{
    struct rlimit limit;

    (void)handed;
    getrlimit(RLIMIT_NOFILE, &limit);
    return escape_told(prlimit(w->victim, RLIMIT_NOFILE, &limit, NULL));
}

ATTEMPT(opens_a_pidfd, syscall(SYS_pidfd_open, w->victim, 0))
ATTEMPT(traces, ptrace(PTRACE_SEIZE, w->victim, NULL, NULL))
ATTEMPT(is_traced, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
ATTEMPT(lets_itself_be_traced, prctl(PR_SET_PTRACER, w->victim, 0UL, 0UL, 0UL))
ATTEMPT(sets_a_priority, setpriority(PRIO_PROCESS, (id_t)w->victim, w->niceness))
ATTEMPT(sees_a_priority, getpriority(PRIO_PROCESS, (id_t)w->victim))
ATTEMPT(sets_its_own_priority, nice(1) == -1 && errno ? -1 : 0)
ATTEMPT(sets_a_priority_of_input, syscall(SYS_ioprio_set, 1, w->victim, 0x4004))
ATTEMPT(sees_a_priority_of_input, syscall(SYS_ioprio_get, 1, w->victim))
ATTEMPT(sets_a_scheduler, sched_setscheduler(w->victim, SCHED_OTHER, &(struct sched_param){ 0 }))
ATTEMPT(sets_its_own_scheduler, sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }))
ATTEMPT(sets_attributes, syscall(SYS_sched_setattr, w->victim, (unsigned[12]){ 48 }, 0))
ATTEMPT(sees_processors, sched_getaffinity(w->victim, sizeof processors, &processors))
ATTEMPT(sets_processors, sched_getaffinity(0, sizeof processors, &processors) < 0 ? -1
                         : sched_setaffinity(w->victim, sizeof processors, &processors))
ATTEMPT(sees_limits, prlimit(w->victim, RLIMIT_NOFILE, NULL, &(struct rlimit){ 0 }))
ATTEMPT(sees_limits_with_a_high_half, syscall(SYS_prlimit64, (1L << 32) | w->victim, RLIMIT_NOFILE,
                                              NULL, &(struct rlimit){ 0 }))
ATTEMPT(compares, syscall(SYS_kcmp, getpid(), w->victim, KCMP_VM, 0, 0))
ATTEMPT(sees_the_futexes, syscall(SYS_get_robust_list, w->victim, &(void *){ NULL },
                                  &(size_t){ 0 }))
ATTEMPT(joins_a_group, setpgid(0, w->host))
ATTEMPT(leads_a_group, setpgid(0, 0))
ATTEMPT(leads_a_session, setsid())
ATTEMPT(sees_a_group, getpgid(w->victim))
ATTEMPT(sees_a_session, getsid(w->victim))
ATTEMPT(marks_a_core, prctl(62, 0UL, w->victim, 0UL, 0UL))
ATTEMPT(reads_capabilities, syscall(SYS_capget, (unsigned[2]){ 0x20080522, (unsigned)w->victim },
                                    (unsigned[6]){ 0 }))

static int survives_its_parent(int handed)
{
    (void)handed;
    return escape_told(prctl(PR_SET_PDEATHSIG, 0UL, 0UL, 0UL, 0UL));
}

static int adopts_orphans(int handed)
{
    (void)handed;
    return escape_told(prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL));
}

static int names_itself(int handed)
{
    (void)handed;
    return escape_told(prctl(PR_SET_NAME, "escape", 0UL, 0UL, 0UL));
}

static const struct escape escapes[] = {
    { "killhost", signals_the_host, 0, DENIED(DID), "kill", 0 },
    { "killall", signals_all, 0, DENIED(DID), "kill", 0 },
    { "kill the group", signals_its_group, 0, DENIED(DID), "kill", 0 },
    { "kill the group of the host", signals_the_group_of_the_host, 0, DENIED(ANY), "kill", 0 },
    { "killsib", signals_the_victim, 0, DENIED(DID), "kill", 0 },
    { "kill the server", signals_its_server, 0, DENIED(DID), "kill", 0 },
    { "kill with a high half", signals_with_a_high_half, 0, DENIED(DID), "kill", 0 },
    { "kill the own group", signals_its_own_group, 0, DENIED(ANY), "kill", 0 },
    { "tgkillsib", signals_a_thread, 0, DENIED(DID), "tgkill", 0 },
    { "tgkill of a foreign thread", signals_a_foreign_thread_as_its_own, 0, ALL(ESRCH, ESRCH),
      NULL, 0 },
    { "tkillsib", signals_a_task, 0, DENIED(DID), "tkill", 0 },
    { "kill itself", signals_itself, 0, ALL(DID, DID), NULL, 0 },
    { "sigqueue", queues_a_signal, 0, DENIED(DID), "rt_sigqueueinfo", 0 },
    { "tgsigqueue", queues_a_signal_for_a_thread, 0, DENIED(DID), "rt_tgsigqueueinfo", 0 },
    { "timer", sets_its_own_timer, 0, DENIED(DID), "timer_create", 0 },
    { "timer of the victim", sets_a_timer_of_the_victim, 0, DENIED(ANY), "timer_create", 0 },
    { "clock of the victim", reads_the_time_of_the_victim, 0, DENIED(DID), "clock_gettime", 0 },
    { "resolution of that clock", asks_for_the_clock_of_the_victim, 0, DENIED(DID), "clock_getres",
      0 },
    { "that clock with a high half", reads_a_clock_with_a_high_half, 0, DENIED(DID),
      "clock_gettime", 0 },
    { "clock of a thread of the victim", reads_the_time_of_a_thread_of_the_victim, 0,
      ALL(EINVAL, EINVAL), NULL, 0 },
    { "clock of the own thread", reads_the_time_of_its_thread, 0, ALL(DID, DID), NULL, 0 },
    { "wait for that clock", waits_for_the_time_of_the_victim, 0, DENIED(ANY), "clock_nanosleep",
      0 },
    { "sleep with an alarm", sleeps_with_an_alarm, 0, DENIED(ANY), "clock_nanosleep", 0 },
    { "own clock", reads_its_own_time, 0, ALL(DID, DID), NULL, 0 },
    { "pidfd", opens_a_pidfd, 0, DENIED(DID), "pidfd_open", 0 },
    { "ptrace", traces, 0, DENIED(DID), "ptrace", 0 },
    { "be traced", is_traced, 0, DENIED(ANY), "ptrace", 0 },
    { "PR_SET_PTRACER", lets_itself_be_traced, 0, DENIED(ANY), "prctl", 0 },
    { "prio", sets_a_priority, 0, DENIED(DID), "setpriority", 0 },
    { "see prio", sees_a_priority, 0, DENIED(DID), "getpriority", 0 },
    { "nice", sets_its_own_priority, 0, DENIED(ANY), NULL, 0 },
    { "ioprio", sets_a_priority_of_input, 0, DENIED(DID), "ioprio_set", 0 },
    { "see ioprio", sees_a_priority_of_input, 0, DENIED(DID), "ioprio_get", 0 },
    { "scheduler", sets_a_scheduler, 0, DENIED(DID), "sched_setscheduler", 0 },
    { "own scheduler", sets_its_own_scheduler, 0, DENIED(DID), "sched_setscheduler", 0 },
    { "scheduler's attributes", sets_attributes, 0, DENIED(ANY), "sched_setattr", 0 },
    { "see affinity", sees_processors, 0, DENIED(DID), "sched_getaffinity", 0 },
    { "affinity", sets_processors, 0, DENIED(DID), "sched_setaffinity", 0 },
    { "rlimit", sets_limits, 0, ALL(DID, EPERM), NULL, 0 },
    { "see rlimit", sees_limits, 0, DENIED(DID), "prlimit64", 0 },
    { "see rlimit with a high half", sees_limits_with_a_high_half, 0, DENIED(DID), "prlimit64", 0 },
    { "kcmp", compares, 0, DENIED(DID), "kcmp", 0 },
    { "robust list", sees_the_futexes, 0, DENIED(DID), "get_robust_list", 0 },
    { "setpgid", joins_a_group, 0, DENIED(ANY), "setpgid", 0 },
    { "own group", leads_a_group, 0, DENIED(ANY), "setpgid", 0 },
    { "setsid", leads_a_session, 0, DENIED(ANY), "setsid", 0 },
    { "see group", sees_a_group, 0, DENIED(DID), "getpgid", 0 },
    { "see session", sees_a_session, 0, DENIED(DID), "getsid", 0 },
    { "core scheduling", marks_a_core, 0, DENIED(ANY), "prctl", 0 },
    { "capabilities of the victim", reads_capabilities, 0, DENIED(DID), "capget", 0 },
    { "PR_SET_PDEATHSIG", survives_its_parent, 0, DENIED(DID), "prctl", 0 },
    { "subreaper", adopts_orphans, 0, DENIED(DID), "prctl", 0 },
    { "PR_SET_NAME", names_itself, 0, ALL(DID, DID), NULL, 0 },
};

ESCAPE_TABLE(escapes_to_processes, escapes);
