/*
 * reap.c - deaths become events
 *
 * The death of a child is handled in a fixed order: its process group is killed while its process
 * id still reserves the group's id; it is reaped; its own children and orphans are killed; its
 * death is reported when all of them are gone. So a death is never reported before everything below
 * it has ended.
 */
#include "forkserver/reap.h"

#include "forkserver/death.h"
#include "forkserver/death_watch.h"
#include "forkserver/oom.h"
#include "forkserver/quota.h"
#include "forkserver/reporter.h"
#include "forkserver/requests.h"
#include "forkserver/spawn.h"
#include "forkserver/state.h"
#include "forkserver/stop.h"
#include "forkserver/terminate.h"
#include "forkserver/timing.h"
#include "src/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Was the child killed for lack of memory? The kernel's count of such kills is that of the whole
 * machine, so it only counts for a SIGKILL that the server did not send. A child that crashed died
 * of its crash, even if it had to be killed.
 */
static bool out_of_memory(struct server *s, const struct child *child)
{
    if (child->cause != WIRE_ENDED_BY_ITSELF || child->killed || child->stopped ||
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
        if (child->state == CHILD_REPORTING)
            forkserver__report_end(s, child);
    }
    if (wait4(pid, &status, WNOHANG, &usage) != pid)
        return;
    if (!child) {
        forkserver__rest_gone(s, pid);
        forkserver__reporter_died(s, pid, status);
        return;
    }
    forkserver__vigil_end(s, child);
    forkserver__child_died(&s->children, child);
    child->status = status;
    child->usage = usage;
    forkserver__expect_end(s, child);
    forkserver__rest_died(s, child);
    if (out_of_memory(s, child))
        child->cause = WIRE_ENDED_BY_OOM;
    forkserver__end_nested(s, &child->client);
}

/* An unread call may hold descriptors, and the asker of a nested child may have sent anything. */
static void give_back_channel(struct server *s, const struct child *child)
{
    if (child->unread || (child->asker && child->asker->owner))
        forkserver__purge_add(&s->purge, child->channel);
    else
        close(child->channel);
}

static void finish(struct server *s, struct child *child)
{
    struct client *asker = child->asker;

    forkserver__death_told(s, child);
    give_back_channel(s, child);
    forkserver__client_free(s, &child->client);
    if (asker) {
        asker->children--;
        forkserver__quota_count(s, asker, -1);
        if (child->offered >= 0)
            forkserver__spares_drop(&s->spares, child);
        else if (asker->epoch == child->epoch && asker->spares > 0)
            asker->spares--;
        if (!asker->owner)
            forkserver__spares_lost_one(s, child);
    }
    forkserver__child_free(&s->children, child);
}

/* Pause when nothing can be purged, or without memory for the report. */
static const int64_t rest = BASE_SECOND / 50;

static bool room_to_finish(struct server *s)
{
    return forkserver__purge_room(&s->purge) ||
           (forkserver__births_over(&s->births) && forkserver__purge(&s->purge));
}

/*
 * The child had no time to have children. Requests that its asker sent earlier are handled first:
 * one may ask to terminate it.
 */
static bool is_reborn(struct server *s, struct child *child)
{
    if (!child->alone || child->clogged || child->client.children > 0 ||
        !forkserver__death_is_none(s, child))
        return false;
    forkserver__client_readable(s, child->asker);
    return forkserver__death_is_none(s, child) && room_to_finish(s) &&
           forkserver__respawn(s, child);
}

/* Its nested children must be finished first. */
static bool may_finish(struct server *s, struct child *child)
{
    if (!child->alone || child->client.children > 0 || child->clogged)
        return false;
    if ((s->ending || room_to_finish(s)) && forkserver__death_tell(s, child))
        return true;
    if (!child->clogged)
        forkserver__wake_by(s, base__deadline(rest));
    return false;
}

/* Finishing a nested child may allow its asker to finish: repeat until nothing changes. */
static void finish_dead(struct server *s)
{
    bool moved = true;

    while (moved) {
        struct child *next;
        moved = false;
        for (struct child *c = s->children.dead; c; c = next) {
            next = c->next_dead;
            if (is_reborn(s, c) || !may_finish(s, c))
                continue;
            finish(s, c);
            moved = true;
        }
    }
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
void forkserver__reap_all(struct server *s, unsigned strangers)
{
    unsigned most = s->children.count + CHILDREN_LATE + strangers, deaths = 0, stops = 0;
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

void forkserver__reap_now(struct server *s)
{
    enum { STRANGERS = 256 };

    if (!s->signalled)
        return;
    s->signalled = false;
    forkserver__reap_all(s, STRANGERS);
    s->rest.wanted = true;
}

void forkserver__reap(struct server *s)
{
    forkserver__reap_now(s);
    forkserver__rest_look(s);
    finish_dead(s);
    if (s->ending && s->children.count == 0)
        s->leave = forkserver__rest_end(s);
}
