/*
 * orphan_scan.c - decides when all orphans of a dead child are gone
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
#include "forkserver/children/orphan_scan.h"

#include "forkserver/children/children.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "forkserver/process/orphans.h"
#include "forkserver/process/tracer.h"
#include "src/base/clock.h"

static const int64_t orphan_timeout = 2 * BASE_SECOND;

static bool is_known(const void *server, pid_t pid)
{
    const struct server *s = server;

    return forkserver__child_by_pid(&s->children, pid) || forkserver__is_reporter(s, pid);
}

/* Kills orphans that descend from the process `since` or a younger one. Returns how many exist. */
static unsigned find(struct server *s, pid_t since, struct orphans *ret_orphans)
{
    const struct known_processes known = { .knows = is_known, .owner = s };

    return forkserver__orphans_kill(&s->proc_children, &known, since, ret_orphans);
}

void forkserver__orphan_scan_kill(struct server *s, pid_t since)
{
    struct orphans found;

    find(s, since, &found);
}

static unsigned place_of(const struct orphan_scans *scans, pid_t pid)
{
    unsigned i = 0;

    while (i < scans->seen_count && scans->seen[i].pid != pid)
        i++;
    return i;
}

void forkserver__orphan_scan_reaped(struct server *s, pid_t pid)
{
    struct orphan_scans *scans = &s->scans;
    unsigned place = place_of(scans, pid);

    if (place < scans->seen_count)
        scans->seen[place] = scans->seen[--scans->seen_count];
}

void forkserver__orphan_scan_forked(struct server *s, struct child *child)
{
    child->born_scan = s->scans.done;
}

void forkserver__orphan_scan_died(struct server *s, struct child *child)
{
    bool late = child->withheld || child->examined || s->no_pidfds;
    child->died_scan = late ? child->born_scan : s->scans.done;
    child->died_at = base__now();
}

static bool is_among(const struct orphans *found, pid_t pid)
{
    unsigned i = 0;

    while (i < found->count && i < ORPHANS_MOST && found->pids[i] != pid)
        i++;
    return i < found->count && i < ORPHANS_MOST;
}

/* The server hears nothing of the end of what the kernel reaps by itself. */
static void forget_gone(struct server *s, const struct orphans *found)
{
    for (unsigned i = s->scans.seen_count; i-- > 0;) {
        pid_t pid = s->scans.seen[i].pid;
        if (!is_among(found, pid) && (is_known(s, pid) || !forkserver__can_be_waited_for(pid)))
            forkserver__orphan_scan_reaped(s, pid);
    }
}

static void note(struct orphan_scans *scans, const struct orphans *found, int64_t now)
{
    for (unsigned i = 0; i < found->count && i < ORPHANS_MOST && scans->seen_count < ORPHANS_MOST;
         i++) {
        if (place_of(scans, found->pids[i]) == scans->seen_count)
            scans->seen[scans->seen_count++] = (struct seen_orphan){ found->pids[i], scans->done,
                                                                     now };
    }
    scans->overflow = found->count > scans->seen_count;
}

/* Once no orphan exists that its death can have left, no later one can come from its death. */
static bool is_alone(const struct orphan_scans *scans, struct child *child, int64_t now)
{
    int64_t last_moment = child->died_at + orphan_timeout;
    bool left = scans->overflow && now <= last_moment + orphan_timeout, young = false;

    for (unsigned i = 0; i < scans->seen_count; i++) {
        const struct seen_orphan *orphan = &scans->seen[i];
        if (orphan->seen_at > last_moment)
            continue;
        left |= orphan->since >= child->died_scan;
        young |= orphan->since >= child->born_scan && orphan->seen_at + orphan_timeout > now;
    }
    child->left_none |= !left;
    return child->left_none && !young;
}

static void leave_if_alone(const struct orphan_scans *scans, struct child *child, int64_t now)
{
    if (child->state == CHILD_DEAD && is_alone(scans, child, now))
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
static int64_t next_scan(const struct orphan_scans *scans, int64_t now)
{
    int64_t pause = BASE_SECOND;

    for (unsigned i = 0; i < scans->seen_count; i++) {
        if (scans->seen[i].seen_at + 2 * orphan_timeout > now)
            pause = FORKSERVER_TRACER_DELAY;
    }
    return now + pause;
}

/*
 * The death of an orphan raises SIGCHLD, as a child's does: without one nothing has changed.
 * Orphans that were killed and still exist later may be traced.
 */
static unsigned scan(struct server *s, const struct child *oldest, int64_t now)
{
    struct orphan_scans *scans = &s->scans;
    struct orphans found;

    find(s, oldest->pid, &found);
    forget_gone(s, &found);
    note(scans, &found, now);
    if (scans->next_at <= now)
        kill_tracers(s, &found);
    if (found.count == 0)
        scans->next_at = BASE_NEVER;
    else if (scans->next_at == BASE_NEVER || scans->next_at <= now)
        scans->next_at = next_scan(scans, now);
    forkserver__wake_by(s, scans->next_at);
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        leave_if_alone(scans, c, now);
    return found.count;
}

void forkserver__orphan_scan_done(struct server *s)
{
    s->scans.done++;
}

unsigned forkserver__orphan_scan_run(struct server *s)
{
    if (!s->scans.wanted && s->scans.next_at == BASE_NEVER)
        return 0;
    int64_t now = base__now();
    if (!s->scans.wanted && s->scans.next_at > now)
        return 0;
    s->scans.wanted = false;
    const struct child *oldest = oldest_dead(s);
    if (!oldest) {
        s->scans.next_at = BASE_NEVER;
        return 0;
    }
    unsigned found = scan(s, oldest, now);
    if (found == 0)
        forkserver__orphan_scan_done(s);
    return found;
}

bool forkserver__orphan_scan_last(struct server *s)
{
    struct orphans found;

    if (find(s, s->pid, &found) == 0)
        return true;
    kill_tracers(s, &found);
    forkserver__wake_by(s, base__deadline(FORKSERVER_TRACER_DELAY));
    return false;
}
