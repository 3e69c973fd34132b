/*
 * terminate.c - ends children before they exit: kills, deadlines, the end of the asker
 */
#include "forkserver/children/terminate.h"

#include "forkserver/children/children.h"
#include "forkserver/children/death.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "forkserver/process/tracer.h"
#include "src/base/clock.h"
#include <signal.h>
#include <unistd.h>

/*
 * Signals the process group that the child was given, and the process itself in case it has left
 * the group. The process gets a signal that can be caught only once.
 */
static void signal_all(const struct child *child, int signal)
{
    kill(-child->pid, signal);
    if (signal == SIGKILL || getpgid(child->pid) != child->pid)
        kill(child->pid, signal);
}

static void signal_group(struct child *child, int signal)
{
    child->killed |= signal == SIGKILL;
    signal_all(child, signal);
    if (signal != SIGKILL && signal != SIGCONT)
        signal_all(child, SIGCONT);
}

/* Dead, even if a tracer prevents its reaping. */
static bool is_dead(const struct child *child)
{
    return forkserver__child_is_dead(child) || child->withheld;
}

/* Time that a child has to die of its crash after it was unwound. */
static const int64_t last_breath = BASE_SECOND / 2;

/*
 * Defers the signal to a child stopped by its crash handler: its wait status must show the crash.
 * Once only: the child controls the crash record and could fake crashes to delay its kill.
 */
static bool dies_already(struct server *s, struct child *child, int signal, int64_t grace,
                         enum wire_end_cause cause)
{
    bool crashed = child->state == CHILD_STOPPED || child->state == CHILD_UNWOUND;

    if (!crashed || child->overtime)
        return false;
    int64_t from = forkserver__child_is_reported(child) ? child->report.give_up_at : base__now();
    child->overtime = true;
    child->put_off = (struct put_off){ signal, grace, cause, from + last_breath, child->kill_at };
    forkserver__kill_by(s, child, child->put_off.until, cause);
    return true;
}

static void look_for_tracers_soon(struct server *s, struct child *child)
{
    child->tracers_at = base__deadline(FORKSERVER_TRACER_DELAY);
    forkserver__wake_by(s, child->tracers_at);
}

void forkserver__expect_end(struct server *s, struct child *child)
{
    static const int64_t patience = 2 * BASE_SECOND;

    if (child->expected)
        return;
    child->expected = true;
    child->late_at = base__deadline(patience);
    forkserver__wake_by(s, child->late_at);
    if (!forkserver__child_is_dead(child))
        look_for_tracers_soon(s, child);
}

void forkserver__resume_end(struct server *s, struct child *child)
{
    if (!child->overtime)
        return;
    child->overtime = false;
    if (child->kill_at == child->put_off.until)
        child->kill_at = child->put_off.kill_at;
    forkserver__end_child(s, child, child->put_off.signal, child->put_off.grace,
                          child->put_off.cause);
}

void forkserver__end_child(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause)
{
    if (is_dead(child) || (!s->ending && dies_already(s, child, signal, grace, cause)))
        return;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = cause;
    signal_group(child, signal);
    if (signal != SIGKILL)
        forkserver__kill_by(s, child, base__deadline(grace), cause);
    else
        forkserver__expect_end(s, child);
}

void forkserver__report_over(struct server *s, struct child *child)
{
    forkserver__report_end(s, child);
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        kill(child->pid, SIGCONT);
    else
        forkserver__end_child(s, child, SIGKILL, 0, child->cause);
}

void forkserver__limit_child(struct server *s, struct child *child, int64_t deadline)
{
    child->deadline = deadline;
    forkserver__wake_by(s, deadline);
}

void forkserver__end_nested(struct server *s, const struct asker *asker)
{
    for (struct child *c = forkserver__child_first(&s->children); c && asker->children > 0;
         c = forkserver__child_next(&s->children, c)) {
        if (c->asker != asker)
            continue;
        /* The report of a child that is dead already has no receiver. */
        forkserver__child_retell(c);
        forkserver__end_child(s, c, SIGKILL, 0, WIRE_ENDED_BY_KILL);
    }
}

void forkserver__end_all(struct server *s, int signal, int64_t grace, enum wire_end_cause cause)
{
    s->ending = true;
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        forkserver__child_retell(c);
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c))
        forkserver__end_child(s, c, signal, grace, cause);
}

/* A child past its deadline is unwound first, and killed when that is done or takes too long. */
static void past_deadline(struct server *s, struct child *child)
{
    child->deadline = BASE_NEVER;
    if (is_dead(child))
        return;
    if (dies_already(s, child, SIGKILL, 0, WIRE_ENDED_BY_DEADLINE))
        return;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = WIRE_ENDED_BY_DEADLINE;
    if (!forkserver__child_is_reported(child) && !forkserver__report_hang(s, child))
        forkserver__end_child(s, child, SIGKILL, 0, WIRE_ENDED_BY_DEADLINE);
}

/* Pause when the channel has no space for the report. */
static const int64_t rest = BASE_SECOND / 10;

static void child_due(struct server *s, struct child *child, int64_t now)
{
    if (child->late_at <= now)
        child->late_at = forkserver__death_foretell(child) ? BASE_NEVER : base__deadline(rest);
    if (forkserver__child_is_dead(child))
        return;
    if (forkserver__child_is_reported(child) && child->report.give_up_at <= now)
        forkserver__report_over(s, child);
    if (child->kill_at <= now) {
        child->kill_at = BASE_NEVER;
        forkserver__end_child(s, child, SIGKILL, 0, child->kill_cause);
    }
    if (child->deadline <= now)
        past_deadline(s, child);
    if (child->tracers_at <= now) {
        if (s->own_proc)
            forkserver__kill_tracers(s->root, child->pid);
        look_for_tracers_soon(s, child);
    }
}

/*
 * Time that a child has to exit after its answer, and the interval of the checks that the host asks
 * for.
 */
static const int64_t farewell = 2 * BASE_SECOND;
static const int64_t look_pause = BASE_SECOND;

void forkserver__look_soon(struct server *s)
{
    int64_t when = base__deadline(look_pause);

    if (when < s->look_at)
        s->look_at = when;
    forkserver__wake_by(s, s->look_at);
}

static void look_at_answers(struct server *s)
{
    s->look_at = BASE_NEVER;
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c)) {
        int64_t answered = c->slot < WIRE_BOARD_SLOTS && !forkserver__child_is_dead(c)
                               ? wire__board_answered(&s->board->marks[c->slot], &c->token) : 0;
        if (answered > 0)
            forkserver__kill_by(s, c, answered + farewell, WIRE_ENDED_BY_KILL);
    }
}

static int64_t next_due(const struct child *child)
{
    if (forkserver__child_is_dead(child))
        return child->late_at;
    int64_t when = child->deadline < child->kill_at ? child->deadline : child->kill_at;
    if (forkserver__child_is_reported(child) && child->report.give_up_at < when)
        when = child->report.give_up_at;
    if (child->late_at < when)
        when = child->late_at;
    return child->tracers_at < when ? child->tracers_at : when;
}

void forkserver__terminate_due(struct server *s, int64_t now)
{
    if (s->look_at <= now)
        look_at_answers(s);
    forkserver__wake_by(s, s->look_at);
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c)) {
        if (next_due(c) <= now)
            child_due(s, c, now);
        forkserver__wake_by(s, next_due(c));
    }
}
