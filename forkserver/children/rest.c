/*
 * rest.c - decides when all orphans of a dead child are gone
 *
 * What a dead child had forked is reparented to its server, which kills it (orphans.c) and reports
 * the death when it is gone. The kernel does not say which child an orphan came from. An orphan
 * that cannot be killed (it has other ids, or blocks in the kernel) would delay the report of every
 * later death. So a death waits for an orphan only if the orphan can come from that child:
 *
 * - A child forked after a scan had seen the orphan never waits for it.
 *
 * - A child that died after that scan has not left it by its death, but may have left it earlier:
 * as a sibling (CLONE_PARENT), or after switching off its subreaper flag. The server cannot tell,
 * so the report waits for a time limit, which is enough for all that can be killed.
 *
 * - If a tracer delays the reaping of a child, a scan may see its orphans before the child is
 * reaped. Then, and if a reporter may have delayed it, the time of the fork counts instead. The
 * server knows of such a delay for all children older than a second (death_watch.c); a younger one
 * can deceive its own caller, with a tracer and an orphan that cannot be killed.
 *
 * A living child that leaves orphans all the time would delay all other reports. Orphans of a dead
 * child appear within the same time limit; a later one is not its own.
 *
 * Several children that died before one scan wait for the same orphans, including new orphans that
 * old ones left.
 */
#include "forkserver/children/rest.h"

#include "forkserver/children/children.h"
#include "forkserver/process/orphans.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "forkserver/process/tracer.h"
#include "src/base/clock.h"

static const int64_t patience = 2 * BASE_SECOND;

static bool is_known(const void *server, pid_t pid)
{
    const struct server *s = server;

    return forkserver__child_by_pid(&s->children, pid) || forkserver__is_reporter(s, pid);
}

/* Kills orphans that descend from the process `since` or a younger one. Returns how many exist. */
static unsigned find(struct server *s, pid_t since, struct orphans *ret_orphans)
{
    const struct known_processes known = { .knows = is_known, .owner = s };

    return forkserver__orphans_kill(s->proc_children, &known, since, ret_orphans);
}

void forkserver__rest_kill(struct server *s, pid_t since)
{
    struct orphans found;

    find(s, since, &found);
}

static unsigned place_of(const struct rest *rest, pid_t pid)
{
    unsigned i = 0;

    while (i < rest->count && rest->remnants[i].pid != pid)
        i++;
    return i;
}

void forkserver__rest_gone(struct server *s, pid_t pid)
{
    struct rest *rest = &s->rest;
    unsigned place = place_of(rest, pid);

    if (place < rest->count)
        rest->remnants[place] = rest->remnants[--rest->count];
}

void forkserver__rest_born(struct server *s, struct child *child)
{
    child->born_look = s->rest.looks;
}

void forkserver__rest_died(struct server *s, struct child *child)
{
    bool late = child->withheld || child->examined || s->no_vigil;
    child->died_look = late ? child->born_look : s->rest.looks;
    child->died_at = base__now();
}

static void note(struct rest *rest, const struct orphans *found, int64_t now)
{
    for (unsigned i = 0; i < found->count && i < ORPHANS_MOST && rest->count < ORPHANS_MOST; i++) {
        if (place_of(rest, found->pids[i]) == rest->count)
            rest->remnants[rest->count++] = (struct remnant){ found->pids[i], rest->looks, now };
    }
    rest->crowded = found->count > rest->count;
}

/* Once no orphan exists that its death can have left, no later one can come from its death. */
static bool is_alone(const struct rest *rest, struct child *child, int64_t now)
{
    int64_t last_moment = child->died_at + patience;
    bool left = rest->crowded && now <= last_moment + patience, young = false;

    for (unsigned i = 0; i < rest->count; i++) {
        const struct remnant *remnant = &rest->remnants[i];
        if (remnant->seen_at > last_moment)
            continue;
        left |= remnant->since >= child->died_look;
        young |= remnant->since >= child->born_look && remnant->seen_at + patience > now;
    }
    child->rid |= !left;
    return child->rid && !young;
}

static void leave_if_alone(const struct rest *rest, struct child *child, int64_t now)
{
    if (child->state == CHILD_DEAD && is_alone(rest, child, now))
        forkserver__child_enter(child, CHILD_GONE);
}

/* Returns the oldest dead child that may have left orphans, or NULL. */
static const struct child *oldest_dead(const struct server *s)
{
    const struct child *oldest = NULL;

    for (const struct child *c = s->children.dead; c; c = c->next_dead) {
        if (c->state == CHILD_DEAD && (!oldest || c->born < oldest->born))
            oldest = c;
    }
    return oldest;
}

static void kill_tracers(const struct server *s, const struct orphans *found)
{
    for (unsigned i = 0; s->own_proc && i < found->count && i < ORPHANS_MOST; i++)
        forkserver__kill_tracers(s->root, found->pids[i]);
}

/* Orphans that have existed for long are scanned for less often. */
static int64_t next_look(const struct rest *rest, int64_t now)
{
    int64_t pause = BASE_SECOND;

    for (unsigned i = 0; i < rest->count; i++) {
        if (rest->remnants[i].seen_at + 2 * patience > now)
            pause = FORKSERVER_TRACER_DELAY;
    }
    return now + pause;
}

/*
 * The death of an orphan raises SIGCHLD, as a child's does: without one nothing has changed.
 * Orphans that were killed and still exist later may be traced.
 */
static unsigned look(struct server *s, const struct child *oldest, int64_t now)
{
    struct rest *rest = &s->rest;
    struct orphans found;

    find(s, oldest->pid, &found);
    note(rest, &found, now);
    if (rest->look_at <= now)
        kill_tracers(s, &found);
    if (found.count == 0)
        rest->look_at = BASE_NEVER;
    else if (rest->look_at == BASE_NEVER || rest->look_at <= now)
        rest->look_at = next_look(rest, now);
    forkserver__wake_by(s, rest->look_at);
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        leave_if_alone(rest, c, now);
    return found.count;
}

void forkserver__rest_looked(struct server *s)
{
    s->rest.looks++;
}

unsigned forkserver__rest_look(struct server *s)
{
    if (!s->rest.wanted && s->rest.look_at == BASE_NEVER)
        return 0;
    int64_t now = base__now();
    if (!s->rest.wanted && s->rest.look_at > now)
        return 0;
    s->rest.wanted = false;
    const struct child *oldest = oldest_dead(s);
    if (!oldest) {
        s->rest.look_at = BASE_NEVER;
        return 0;
    }
    unsigned found = look(s, oldest, now);
    if (found == 0)
        forkserver__rest_looked(s);
    return found;
}

bool forkserver__rest_end(struct server *s)
{
    struct orphans found;

    if (find(s, s->pid, &found) == 0)
        return true;
    kill_tracers(s, &found);
    forkserver__wake_by(s, base__deadline(FORKSERVER_TRACER_DELAY));
    return false;
}
