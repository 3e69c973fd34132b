/*
 * reap.c - deaths become events
 *
 * The death of a child is handled in a fixed order: its process group is killed while its process
 * id still reserves the group's id; it is reaped; its own children and orphans are killed; its
 * death is reported when all of them are gone (retire.c). So a death is never reported before
 * everything below it has ended.
 */
#include "forkserver/children/reap.h"

#include "forkserver/children/children.h"
#include "forkserver/children/death_watch.h"
#include "forkserver/children/orphan_scan.h"
#include "forkserver/children/state.h"
#include "forkserver/children/stop.h"
#include "forkserver/children/terminate.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/children/timing.h"
#include "forkserver/process/oom.h"
#include "src/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Was the child killed for lack of memory? The kernel's count of such kills is that of the whole
 * machine, so it only counts for a SIGKILL that the server did not send. A child that crashed died
 * of its crash, even if it had to be killed.
 */
static bool out_of_memory(struct server *s, const struct child *child, bool crashed)
{
    if (child->cause != WIRE_ENDED_BY_ITSELF || child->killed || crashed ||
        !WIFSIGNALED(child->status) || WTERMSIG(child->status) != SIGKILL)
        return false;
    unsigned long long count = forkserver__oom_kills(s->vmstat);
    bool more = count > s->oom_kills;

    s->oom_kills = count;
    return more;
}

static void on_death(struct server *s, pid_t pid)
{
    struct child *child = forkserver__child_by_pid(&s->children, pid);
    struct rusage usage;
    int status;

    if (child) {
        kill(-pid, SIGKILL);
        if (forkserver__child_is_reported(child))
            forkserver__after_report(s, child);
    }
    if (wait4(pid, &status, WNOHANG, &usage) != pid)
        return;
    if (!child) {
        forkserver__orphan_scan_reaped(s, pid);
        forkserver__on_reporter_death(s, pid, status);
        return;
    }
    const bool crashed = child->state == CHILD_UNWOUND;
    forkserver__death_watch_remove(s, child);
    forkserver__limit_unwatch(s, child);
    forkserver__child_died(&s->children, child);
    child->status = status;
    child->usage = usage;
    forkserver__expect_end(s, child);
    forkserver__orphan_scan_died(s, child);
    if (out_of_memory(s, child, crashed))
        child->cause = WIRE_ENDED_BY_OOM;
    forkserver__terminate_nested(s, &child->as_requester);
}

/*
 * A child that made its server its tracer (PTRACE_TRACEME). The server never resumes it, so it is
 * killed.
 */
static void on_trap(const struct server *s, pid_t pid)
{
    struct child *child = forkserver__child_by_pid(&s->children, pid);
    siginfo_t info;

    if (child)
        child->killed = true;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG);
}

static void on_change(struct server *s, const siginfo_t *info)
{
    if (info->si_code == CLD_STOPPED)
        forkserver__on_stop(s, info->si_pid);
    else if (info->si_code == CLD_TRAPPED)
        on_trap(s, info->si_pid);
    else
        on_death(s, info->si_pid);
}

/*
 * The kernel scans its list from the oldest child on, and appends new events. The number of
 * children at the start bounds the events of each kind that were pending then; later events may
 * arrive without end, and are left for the next run.
 */
static void reap_all(struct server *s, unsigned others)
{
    unsigned most = s->children.count + REPORTERS_LATE + others, deaths = 0, stops = 0;
    int what = WEXITED | WSTOPPED;
    siginfo_t info;

    while (deaths < most) {
        memset(&info, 0, sizeof info);
        if (waitid(P_ALL, 0, &info, what | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            break;
        bool stop = info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED;
        deaths += !stop;
        stops += stop;
        on_change(s, &info);
        if (stops == most)
            what = WEXITED;
    }
    if (deaths < most && stops < most)
        return;
    s->signalled = true;
    forkserver__wake_by(s, base__now());
}

static void reap_now(struct server *s)
{
    enum { OTHERS = 256 };

    if (!s->signalled)
        return;
    s->signalled = false;
    reap_all(s, OTHERS);
    s->scans.wanted = true;
}

static void look_for_orphans(struct server *s)
{
    unsigned found = forkserver__orphan_scan_run(s);

    if (found == 0)
        return;
    reap_all(s, found + s->children.count);
    forkserver__orphan_scan_done(s);
}

void forkserver__reap(struct server *s)
{
    reap_now(s);
    look_for_orphans(s);
}

/*
 * A descendant that the child left may be its tracer, and is killed first; tracer.c kills the
 * others.
 */
void forkserver__reap_watched(struct server *s, struct child *child)
{
    s->signalled = true;
    reap_now(s);
    if (forkserver__child_is_dead(child) || child->pidfd < 0)
        return;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->pidfd, NULL);
    child->withheld = true;
    forkserver__orphan_scan_kill(s, child->pid);
    forkserver__expect_end(s, child);
}
