/*
 * terminate.c - ends children before they exit: kills, time limits, the end of the requester
 */
#include "forkserver/children/terminate.h"

#include "forkserver/children/children.h"
#include "forkserver/children/death.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/state.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/children/timing.h"
#include "forkserver/process/tracer.h"
#include "src/base/clock.h"
#include "src/base/timers.h"
#include <signal.h>
#include <unistd.h>

/*
 * Signals the process group that the child was given, and the process itself in case it is not in
 * the group: it has left it, or it is so young that it has not made it. A child that makes it after
 * the signal to the group has had none, though it is found in the group then. The process gets a
 * signal that can be caught only once.
 */
static void signal_all(const struct child *child, int signal)
{
    bool no_group = kill(-child->pid, signal) < 0;

    if (signal == SIGKILL || no_group || getpgid(child->pid) != child->pid)
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
static const int64_t crash_exit_grace = BASE_SECOND / 2;

/*
 * Defers the signal to a child stopped by its crash handler: its wait status must show the crash.
 * Once only: the child controls the crash record and could fake crashes to delay its kill.
 */
static bool deferred_by_crash(struct server *s, struct child *child, int signal, int64_t grace,
                              enum wire_end_cause cause)
{
    bool crashed = child->state == CHILD_STOPPED || child->state == CHILD_UNWOUND;

    if (!crashed || child->deferred)
        return false;
    int64_t from = forkserver__child_is_reported(child) ? child->report.give_up_at : base__now();
    child->deferred = true;
    child->deferral = (struct deferral){ signal, grace, cause, from + crash_exit_grace,
                                         child->kill_at };
    forkserver__kill_by(s, child, child->deferral.until, cause);
    return true;
}

static void look_for_tracers_soon(struct server *s, struct child *child)
{
    child->tracers_at = base__deadline(FORKSERVER_TRACER_DELAY);
    forkserver__look_by(s, child, child->tracers_at);
}

void forkserver__expect_end(struct server *s, struct child *child)
{
    static const int64_t linger_timeout = 2 * BASE_SECOND;

    if (child->expected)
        return;
    child->expected = true;
    child->late_at = base__deadline(linger_timeout);
    forkserver__look_by(s, child, child->late_at);
    if (!forkserver__child_is_dead(child))
        look_for_tracers_soon(s, child);
}

void forkserver__terminate_resume(struct server *s, struct child *child)
{
    if (!child->deferred)
        return;
    child->deferred = false;
    if (child->kill_at == child->deferral.until)
        child->kill_at = child->deferral.kill_at;
    forkserver__terminate(s, child, child->deferral.signal, child->deferral.grace,
                          child->deferral.cause);
}

void forkserver__terminate(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause)
{
    if (is_dead(child) || (!s->ending && deferred_by_crash(s, child, signal, grace, cause)))
        return;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = cause;
    signal_group(child, signal);
    if (signal != SIGKILL)
        forkserver__kill_by(s, child, base__deadline(grace), cause);
    else
        forkserver__expect_end(s, child);
}

void forkserver__after_report(struct server *s, struct child *child)
{
    forkserver__report_end(s, child);
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        kill(child->pid, SIGCONT);
    else
        forkserver__terminate(s, child, SIGKILL, 0, child->cause);
}

void forkserver__terminate_nested(struct server *s, const struct requester *requester)
{
    for (struct child *c = forkserver__child_first(&s->children); c && requester->children > 0;
         c = forkserver__child_next(&s->children, c)) {
        if (c->requester != requester)
            continue;
        /* The report of a child that is dead already has no receiver. */
        forkserver__child_retell(c);
        forkserver__terminate(s, c, SIGKILL, 0, WIRE_ENDED_BY_KILL);
    }
}

void forkserver__terminate_all(struct server *s, int signal, int64_t grace,
                               enum wire_end_cause cause)
{
    s->ending = true;
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        forkserver__child_retell(c);
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c))
        forkserver__terminate(s, c, signal, grace, cause);
}

/* The limit is looked at again, for the debugger may leave. */
static bool is_left_to_debugger(struct server *s, struct child *child, enum wire_limit_kind kind)
{
    static const int64_t pause = BASE_SECOND;

    if (s->options->limits_debugged || !s->own_proc ||
        !forkserver__has_debugger(s->root, child->pid))
        return false;
    forkserver__limit_put_off(s, child, kind, base__deadline(pause));
    return true;
}

/* A child past its limit is unwound first, and killed when that is done or takes too long. */
static void past_limit(struct server *s, struct child *child, enum wire_limit_kind kind)
{
    enum wire_end_cause cause =
        kind == WIRE_LIMIT_RUN ? WIRE_ENDED_BY_RUN_LIMIT : WIRE_ENDED_BY_TOTAL_LIMIT;

    if (is_dead(child) || is_left_to_debugger(s, child, kind) ||
        deferred_by_crash(s, child, SIGKILL, 0, cause))
        return;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = cause;
    if (!forkserver__child_is_reported(child) && !forkserver__report_hang(s, child))
        forkserver__terminate(s, child, SIGKILL, 0, cause);
}

/* Pause when the channel has no space for the report. */
static const int64_t retry_delay = BASE_SECOND / 10;

static void child_due(struct server *s, struct child *child, int64_t now)
{
    enum wire_limit_kind kind;

    if (child->late_at <= now)
        child->late_at = forkserver__death_foretell(child) ? BASE_NEVER
                                                           : base__deadline(retry_delay);
    if (forkserver__child_is_dead(child))
        return;
    if (forkserver__child_is_reported(child) && child->report.give_up_at <= now)
        forkserver__after_report(s, child);
    if (child->kill_at <= now) {
        child->kill_at = BASE_NEVER;
        forkserver__terminate(s, child, SIGKILL, 0, child->kill_cause);
    }
    if (forkserver__limit_passed(child, now, &kind))
        past_limit(s, child, kind);
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
static const int64_t exit_grace = 2 * BASE_SECOND;
static const int64_t check_pause = BASE_SECOND;

/*
 * The host sends no other LOOK for a second. If this one came early into the second of the former,
 * whose look was delayed, that look does not find what is marked after it.
 */
void forkserver__check_answers_soon(struct server *s)
{
    s->check_again_at = base__deadline(check_pause);
    if (s->check_answers_at == BASE_NEVER)
        s->check_answers_at = s->check_again_at;
    forkserver__wake_by(s, s->check_answers_at);
}

static void check_answers(struct server *s, int64_t now)
{
    s->check_answers_at = s->check_again_at > now ? s->check_again_at : BASE_NEVER;
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c)) {
        int64_t answered = c->slot < WIRE_BOARD_SLOTS && !forkserver__child_is_dead(c)
                               ? wire__board_answered(&s->board->marks[c->slot], &c->token) : 0;
        if (answered > 0)
            forkserver__kill_by(s, c, answered + exit_grace, WIRE_ENDED_BY_KILL);
    }
}

static int64_t next_due(const struct child *child)
{
    if (forkserver__child_is_dead(child))
        return child->late_at;
    int64_t when = forkserver__limit_next(child);
    if (child->kill_at < when)
        when = child->kill_at;
    if (forkserver__child_is_reported(child) && child->report.give_up_at < when)
        when = child->report.give_up_at;
    if (child->late_at < when)
        when = child->late_at;
    return child->tracers_at < when ? child->tracers_at : when;
}

/* What is still due is looked at in the next run of the loop. */
static void look_at(struct server *s, struct child *child, int64_t now)
{
    base__timer_clear(&s->children.due, &child->due);
    if (next_due(child) <= now)
        child_due(s, child, now);
    int64_t next = next_due(child);
    forkserver__look_by(s, child, next > now ? next : now + 1);
}

void forkserver__terminate_due(struct server *s, int64_t now)
{
    const struct timer *first;

    if (s->check_answers_at <= now)
        check_answers(s, now);
    forkserver__wake_by(s, s->check_answers_at);
    while ((first = s->children.due.first) && first->at <= now)
        look_at(s, list_entry(first, struct child, due), now);
    if (first)
        forkserver__wake_by(s, first->at);
}
