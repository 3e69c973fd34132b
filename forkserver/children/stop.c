/*
 * stop.c - a child has stopped, perhaps to be unwound
 */
#include "forkserver/children/stop.h"

#include "forkserver/children/children.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/state.h"
#include "forkserver/children/terminate.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/*
 * Whether its crash handler made the stop is recorded in the child's memory, and reading that can
 * take as long as the child likes: the reporter reads it. Without a reporter the child is
 * continued: a stop that is undone is better than a crash that never ends.
 */
static void stopped(struct server *s, struct child *child)
{
    if (!forkserver__report_stop(s, child))
        kill(child->pid, SIGCONT);
}

void forkserver__on_notice(struct server *s, struct child *child)
{
    if (forkserver__child_is_reported(child))
        child->report.stopped_again = true;
    else
        stopped(s, child);
}

void forkserver__on_stop(struct server *s, pid_t pid)
{
    siginfo_t info;
    struct child *child = forkserver__child_by_pid(&s->children, pid);

    waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG);
    if (child)
        forkserver__on_notice(s, child);
}

void forkserver__poll_stop(struct server *s, pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
        forkserver__on_stop(s, pid);
}

/*
 * Another process stopped the child, so it stays stopped. But it may have crashed meanwhile, and
 * its termination may have been deferred for the supposed crash.
 */
static void stopped_by_others(struct server *s, struct child *child)
{
    bool stopped_again = child->report.stopped_again;

    forkserver__report_drop(child);
    forkserver__terminate_resume(s, child);
    if (stopped_again)
        stopped(s, child);
}

void forkserver__on_reporter_death(struct server *s, pid_t pid, int status)
{
    struct child *child = forkserver__reporter_died(s, pid);

    if (child && forkserver__report_is_late(child, status)) {
        forkserver__report_refuse(child->requester, child->report.question, -EBUSY);
        forkserver__report_drop(child);
        stopped(s, child);
    } else if (child && forkserver__report_is_failure(child, status))
        forkserver__after_report(s, child);
    else if (child)
        stopped_by_others(s, child);
}
