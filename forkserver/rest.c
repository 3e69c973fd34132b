/*
 * rest.c - whether all is gone that the dead have left
 *
 * What a dead child had forked comes to its server, who ends it (kin.c) and tells the death when
 * it is gone. Nothing says whose a stranger was. One that cannot be ended - it has other ids, or
 * waits in the kernel - would hold up the word of every later death, so only those wait for it that
 * it can come from:
 *
 * Who was born after it had been seen never does. Who died after it had been seen has not left it
 * by its death, but can have left it in life: made it a sister (CLONE_PARENT), or refused to be its
 * reaper. There is no telling, so it waits for a while as well, which is enough for all that can be
 * ended. A tracer may withhold a death whose rest is seen already. Then, and where a reporter may
 * have done so, it counts when the child was born. It is known of all that are not young (vigil.c);
 * a young one can deceive its own caller, with a tracer and with what cannot be ended.
 *
 * Who leaves processes all the time, and is alive, would hold up all others by what is always new.
 * What comes of a dead one comes within the same while; what is seen first after that is not its
 * own.
 *
 * Several that have died before one look wait for the same strangers, new ones of old strangers
 * included.
 */
#include "forkserver/internal.h"

#include "src/base/clock.h"

static const int64_t patience = 2 * BASE_SECOND;

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

static void note(struct rest *rest, const struct strangers *found, int64_t now)
{
    for (unsigned i = 0; i < found->count && i < REST_MOST && rest->count < REST_MOST; i++) {
        if (place_of(rest, found->pids[i]) == rest->count)
            rest->remnants[rest->count++] = (struct remnant){ found->pids[i], rest->looks, now };
    }
    rest->crowded = found->count > rest->count;
}

/* Once nothing is there that its death can have left, nothing comes of that any more. */
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

/* Of those that something may be left of; NULL: none. */
static const struct child *oldest_dead(const struct server *s)
{
    const struct child *oldest = NULL;

    for (const struct child *c = s->children.dead; c; c = c->next_dead) {
        if (!c->alone && (!oldest || c->born < oldest->born))
            oldest = c;
    }
    return oldest;
}

static void end_tracers(const struct server *s, const struct strangers *found)
{
    for (unsigned i = 0; s->own_proc && i < found->count && i < REST_MOST; i++)
        forkserver__end_tracers(s->root, found->pids[i]);
}

/* What is there for long is looked at less often. */
static int64_t next_look(const struct rest *rest, int64_t now)
{
    int64_t pause = BASE_SECOND;

    for (unsigned i = 0; i < rest->count; i++) {
        if (rest->remnants[i].seen_at + 2 * patience > now)
            pause = FORKSERVER_RELEASE;
    }
    return now + pause;
}

/*
 * A stranger that dies sends a signal, as a child does: without one nothing has changed. Those that
 * were killed and are there after a while may be traced.
 */
static void look(struct server *s, const struct child *oldest, int64_t now)
{
    struct rest *rest = &s->rest;
    struct strangers found;

    forkserver__find_strangers(s->kin, &s->children, oldest->pid, &found);
    note(rest, &found, now);
    if (rest->look_at <= now)
        end_tracers(s, &found);
    if (found.count == 0)
        rest->look_at = BASE_NEVER;
    else if (rest->look_at == BASE_NEVER || rest->look_at <= now)
        rest->look_at = next_look(rest, now);
    forkserver__wake_by(s, rest->look_at);
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        c->alone = c->alone || is_alone(rest, c, now);
    /* Who has died by now may have left what was just seen; who dies later has not. */
    if (found.count > 0)
        forkserver__reap_all(s, found.count + s->children.count);
    rest->looks++;
}

void forkserver__rest_look(struct server *s)
{
    if (!s->rest.wanted && s->rest.look_at == BASE_NEVER)
        return;
    int64_t now = base__now();
    if (!s->rest.wanted && s->rest.look_at > now)
        return;
    s->rest.wanted = false;
    const struct child *oldest = oldest_dead(s);
    if (oldest)
        look(s, oldest, now);
    else
        s->rest.look_at = BASE_NEVER;
}

bool forkserver__rest_end(struct server *s)
{
    struct strangers found;

    if (forkserver__find_strangers(s->kin, &s->children, s->pid, &found) == 0)
        return true;
    end_tracers(s, &found);
    forkserver__wake_by(s, base__deadline(FORKSERVER_RELEASE));
    return false;
}
