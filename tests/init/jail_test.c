/*
 * jail_test.c - programs whose jail refuses one system call
 *
 * Each system call that the library may use is refused alone, with either error that jails use.
 * Then everything works as usual, or procspawn_init() returns that error. Nothing hangs, uses up
 * processor time, stays behind, or has another outcome.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/jail.h"
#include "tests/support/sanitizer.h"
#include "tests/support/tour.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What may be different without a system call. */
enum loss {
    NOTHING = 0,
    INIT = 1,                   /* is refused */
    FRAMES = 2,                 /* crashes have no backtrace */
    THREADS = 4,                /* pools and processes in scopes may be refused */
    NESTED = 8                  /* so may nested calls: no rights can be given up for them */
};

struct row {
    const char *name;
    enum loss loss;
    struct jail_rule rule;
};

#define CALL(name, loss) { #name, loss, { .number = SYS_##name } }
#define FORM(name, call, argument, mask, value, loss) \
    { name, loss, { SYS_##call, argument, mask, value } }
#define PRCTL(option, loss) FORM("prctl " #option, prctl, 0, ~0U, option, loss)
#define FCNTL(command, loss) FORM("fcntl " #command, fcntl, 1, ~0U, command, loss)

static const struct row rows[] = {
    CALL(accept4, NOTHING),
    CALL(capget, NESTED),
    CALL(capset, NESTED),
    CALL(chdir, NOTHING),
    CALL(clock_nanosleep, NOTHING),
    FORM("clone without a signal", clone, 0, CSIGNAL, 0, NOTHING),
    CALL(clone3, THREADS),
    CALL(close, NOTHING),
    CALL(close_range, NOTHING),
    CALL(dup, NOTHING),
    CALL(epoll_create1, INIT),
    CALL(epoll_ctl, INIT),
    CALL(eventfd2, THREADS),
    CALL(exit_group, NOTHING),
    CALL(faccessat, NOTHING),
    CALL(fchdir, NOTHING),
    FCNTL(F_ADD_SEALS, NOTHING),
    FCNTL(F_DUPFD_CLOEXEC, NOTHING),
    FCNTL(F_GETFD, NOTHING),
    FCNTL(F_GETSIG, NOTHING),
    FCNTL(F_SETSIG, NOTHING),
    CALL(fstatfs, NOTHING),
    CALL(getdents64, NOTHING),
    CALL(getgroups, INIT),
    CALL(getpgid, NOTHING),
    CALL(getpid, INIT),
    CALL(getppid, INIT),
    CALL(getpriority, NOTHING),
    CALL(getrandom, NOTHING),
    CALL(getrusage, NOTHING),
    CALL(get_robust_list, NOTHING),
    CALL(getsockopt, NOTHING),
    CALL(gettid, INIT),
    CALL(kill, INIT),
    CALL(lseek, NOTHING),
    CALL(madvise, NOTHING),
    CALL(membarrier, NOTHING),
    CALL(memfd_create, FRAMES),
    CALL(mincore, NOTHING),
    CALL(mmap, INIT),
    CALL(mprotect, THREADS),
    CALL(mremap, NOTHING),
    CALL(munmap, NOTHING),
    CALL(newfstatat, FRAMES),
    CALL(openat, FRAMES),
    CALL(pidfd_getfd, NOTHING),
    CALL(pidfd_open, NOTHING),
    CALL(pidfd_send_signal, NOTHING),
    CALL(pipe2, NOTHING),
    CALL(ppoll, INIT),
    PRCTL(PR_CAPBSET_READ, NOTHING),
    PRCTL(PR_GET_CHILD_SUBREAPER, INIT),
    PRCTL(PR_GET_DUMPABLE, NOTHING),
    PRCTL(PR_GET_NAME, NOTHING),
    PRCTL(PR_GET_NO_NEW_PRIVS, NOTHING),
    PRCTL(PR_GET_PDEATHSIG, INIT),
    PRCTL(PR_GET_SECCOMP, NOTHING),
    PRCTL(PR_GET_SECUREBITS, NOTHING),
    PRCTL(PR_SET_CHILD_SUBREAPER, INIT),
    PRCTL(PR_SET_DUMPABLE, NOTHING),
    PRCTL(PR_SET_NAME, NOTHING),
    PRCTL(PR_SET_NO_NEW_PRIVS, NESTED),
    PRCTL(PR_SET_PDEATHSIG, INIT),
    PRCTL(PR_SET_PTRACER, NOTHING),
    PRCTL(PR_SET_SECCOMP, NOTHING),
    PRCTL(PR_SET_VMA, NOTHING),
    CALL(pread64, FRAMES),
    CALL(preadv, NOTHING),
    CALL(prlimit64, INIT),
    CALL(process_vm_readv, FRAMES),
    CALL(process_vm_writev, NOTHING),
    CALL(ptrace, NOTHING),
    CALL(pwrite64, NOTHING),
    CALL(read, INIT),
    CALL(readlinkat, NOTHING),
    CALL(recvfrom, INIT),
    CALL(recvmsg, INIT),
    CALL(rt_sigaction, INIT),
    CALL(rt_sigpending, NOTHING),
    CALL(rt_sigprocmask, INIT),
    CALL(rt_sigreturn, NOTHING),
    CALL(rt_sigtimedwait, NOTHING),
    CALL(sched_getaffinity, NOTHING),
    CALL(sched_getattr, NOTHING),
    CALL(sched_getparam, NOTHING),
    CALL(sched_getscheduler, NOTHING),
    CALL(sched_setaffinity, NOTHING),
    CALL(sched_setattr, NOTHING),
    CALL(sched_setscheduler, NOTHING),
    CALL(sched_yield, NOTHING),
    CALL(sendmsg, INIT),
    CALL(setgroups, NOTHING),
    CALL(setitimer, NOTHING),
    CALL(setpgid, NOTHING),
    CALL(setpriority, NOTHING),
    CALL(setresgid, NOTHING),
    CALL(setresuid, NOTHING),
    CALL(setsid, NOTHING),
    CALL(setsockopt, INIT),
    CALL(set_robust_list, NOTHING),
    CALL(shutdown, NOTHING),
    CALL(sigaltstack, FRAMES),
    CALL(signalfd4, INIT),
    CALL(socketpair, INIT),
    CALL(statx, NOTHING),
    CALL(tgkill, FRAMES),
    CALL(timerfd_create, NOTHING),
    CALL(timerfd_settime, NOTHING),
    CALL(umask, NOTHING),
    CALL(uname, NOTHING),
    CALL(unshare, NOTHING),
    CALL(wait4, INIT),
    CALL(waitid, INIT),
    FORM("waitid with P_PIDFD", waitid, 0, ~0U, P_PIDFD, NOTHING),
    CALL(write, INIT),
/* What newer machines have only in the forms above. */
#ifdef SYS_poll
    CALL(access, NOTHING),
    CALL(dup2, INIT),
    CALL(epoll_wait, INIT),
    CALL(open, NOTHING),
    CALL(poll, INIT),
    CALL(readlink, NOTHING),
#else
    CALL(dup3, INIT),
    CALL(epoll_pwait, INIT),
#endif
};

struct jail {
    const struct row *row;
    int error;
};

static void enter(const void *argument)
{
    const struct jail *jail = argument;
    jail_enter(&jail->row->rule, jail->error);
}

static void forgive(struct tour *tour, enum tour_step step, int outcome)
{
    if (tour->outcome[step] == outcome)
        tour->outcome[step] = 0;
}

/* What may be refused can be had by other ways here or there. */
static void forgive_losses(struct tour *tour, enum loss loss, int error)
{
    if (loss & THREADS) {
        forgive(tour, TOUR_POOL, -error);
        forgive(tour, TOUR_SCOPE, -error);
    }
    if (loss & NESTED)
        forgive(tour, TOUR_NESTED, PROCSPAWN_ECALL);
}

static void check(const struct row *row, int error)
{
    struct jail jail = { row, error };
    struct tour tour;
    char name[80];

    snprintf(name, sizeof name, "%s refused with %s", row->name, strerrorname_np(error));
    tour_run(enter, &jail, &tour);
    if (row->loss & INIT) {
        tour_check_step(&tour, TOUR_INIT, -error, name);
        tour_check_end(&tour, name);
        return;
    }
    forgive_losses(&tour, row->loss, error);
    tour_check_all(&tour, name);
    if (!(row->loss & FRAMES))
        tour_check_frames(&tour, name);
}

static void check_rows(bool needed, int error)
{
    procspawn_cunit_time_limit(1200 * CALLS_SECOND);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (needed == (rows[i].loss == INIT))
            check(&rows[i], error);
    }
}

static void without_any_other_system_call_all_is_as_ever(void)
{
    if (sanitizer_skips("its runtime needs some of them"))
        return;
    check_rows(false, EPERM);
}

static void system_calls_that_are_not_there_change_nothing(void)
{
    check_rows(false, ENOSYS);
}

static void what_cannot_be_done_without_is_asked_for_by_init(void)
{
    check_rows(true, EPERM);
}

static void what_is_not_there_is_asked_for_by_init(void)
{
    check_rows(true, ENOSYS);
}

static CU_TestInfo tests[] = {
    { "without_any_other_system_call_all_is_as_ever",
      without_any_other_system_call_all_is_as_ever },
    { "system_calls_that_are_not_there_change_nothing",
      system_calls_that_are_not_there_change_nothing },
    { "what_cannot_be_done_without_is_asked_for_by_init",
      what_cannot_be_done_without_is_asked_for_by_init },
    { "what_is_not_there_is_asked_for_by_init", what_is_not_there_is_asked_for_by_init },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "jail", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
