/*
 * ending.c - everything that ends a child before its time: kills, deadlines, the end of its asker
 */
#include "forkserver/internal.h"

#include "src/base/clock.h"
#include <signal.h>

void forkserver__wake_by(struct server *s, int64_t when)
{
    if (when < s->wake_at)
        s->wake_at = when;
}

/* Every child leads a group of its own from its first steps on; before, it is alone. */
static void signal_group(const struct child *child, int signal)
{
    if (kill(-child->pid, signal) < 0)
        kill(child->pid, signal);
    if (signal != SIGKILL && signal != SIGCONT)
        signal_group(child, SIGCONT);
}

void forkserver__end_child(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause)
{
    if (child->state == CHILD_DEAD)
        return;
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = cause;
    signal_group(child, signal);
    if (signal == SIGKILL)
        return;
    int64_t kill_at = base__deadline(grace);
    if (kill_at < child->kill_at)
        child->kill_at = kill_at;
    forkserver__wake_by(s, child->kill_at);
}

void forkserver__limit_child(struct server *s, struct child *child, int64_t deadline)
{
    child->deadline = deadline;
    forkserver__wake_by(s, deadline);
}

void forkserver__end_nested(struct server *s, const struct client *asker)
{
    for (struct child *c = forkserver__child_first(&s->children); c && asker->children > 0;
         c = forkserver__child_next(&s->children, c)) {
        if (c->asker == asker)
            forkserver__end_child(s, c, SIGKILL, 0, WIRE_ENDED_BY_KILL);
    }
}

void forkserver__end_all(struct server *s, int signal, int64_t grace)
{
    s->ending = true;
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c))
        forkserver__end_child(s, c, signal, grace, WIRE_ENDED_BY_KILL);
}

/* What a child has left to die of its crash by itself, once it has been unwound. */
static const int64_t last_breath = BASE_SECOND / 2;

/*
 * Past its deadline a child is unwound where it hangs, and killed when that is done or takes too long.
 * One that crashed before has time to die of that, but only once, for it could tell tales.
 */
static void past_deadline(struct server *s, struct child *child)
{
    child->deadline = BASE_NEVER;
    if (child->stopped && !child->overtime) {
        child->overtime = true;
        child->deadline = base__deadline(last_breath);
        if (child->state == CHILD_REPORTING)
            child->deadline = child->report.give_up_at + last_breath;
        return;
    }
    if (child->cause == WIRE_ENDED_BY_ITSELF)
        child->cause = WIRE_ENDED_BY_DEADLINE;
    if (child->state == CHILD_ALIVE && forkserver__report_start(s, child))
        return;
    if (child->state == CHILD_ALIVE)
        forkserver__end_child(s, child, SIGKILL, 0, WIRE_ENDED_BY_DEADLINE);
}

static void child_due(struct server *s, struct child *child, int64_t now)
{
    if (child->state == CHILD_REPORTING && child->report.give_up_at <= now)
        forkserver__report_end(s, child);
    if (child->kill_at <= now) {
        child->kill_at = BASE_NEVER;
        forkserver__end_child(s, child, SIGKILL, 0, child->cause);
    }
    if (child->deadline <= now)
        past_deadline(s, child);
}

static int64_t next_due(const struct child *child)
{
    int64_t when = child->deadline < child->kill_at ? child->deadline : child->kill_at;
    if (child->state == CHILD_REPORTING && child->report.give_up_at < when)
        when = child->report.give_up_at;
    return when;
}

void forkserver__due(struct server *s, int64_t now)
{
    if (s->wake_at > now)
        return;
    s->wake_at = s->spares_after > now ? s->spares_after : BASE_NEVER;
    for (struct child *c = forkserver__child_first(&s->children); c;
         c = forkserver__child_next(&s->children, c)) {
        if (c->state == CHILD_DEAD)
            continue;
        if (next_due(c) <= now)
            child_due(s, c, now);
        forkserver__wake_by(s, next_due(c));
    }
}
