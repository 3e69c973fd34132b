/*
 * rest.c - whether all is gone that the dead have left
 *
 * What a dead child had forked comes to its server, who ends it (kin.c) and tells the death when it
 * is gone. Nothing says whose a stranger was. One that cannot be ended - it has other ids, or waits
 * in the kernel - would hold up the word of every later death. But who died after a stranger had
 * been seen is not the one that left it: only those wait for it that it can come from.
 */
#include "forkserver/internal.h"

static bool is_among(const struct strangers *strangers, pid_t pid)
{
    for (unsigned i = 0; i < strangers->count && i < STRANGERS_MOST; i++) {
        if (strangers->pids[i] == pid)
            return true;
    }
    return false;
}

static bool is_known(const struct rest *rest, pid_t pid)
{
    for (unsigned i = 0; i < rest->count; i++) {
        if (rest->remnants[i].pid == pid)
            return true;
    }
    return false;
}

/* Those that are still there stay as old as they are. */
static void note(struct rest *rest, const struct strangers *found)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < rest->count; i++) {
        if (is_among(found, rest->remnants[i].pid))
            rest->remnants[kept++] = rest->remnants[i];
    }
    rest->count = kept;
    for (unsigned i = 0; i < found->count && i < STRANGERS_MOST && rest->count < REST_MOST; i++) {
        if (!is_known(rest, found->pids[i]))
            rest->remnants[rest->count++] = (struct remnant){ found->pids[i], rest->looks };
    }
    rest->crowded = found->count > STRANGERS_MOST;
}

static bool may_have_left_some(const struct rest *rest, const struct child *child)
{
    if (rest->crowded)
        return true;
    for (unsigned i = 0; i < rest->count; i++) {
        if (rest->remnants[i].since >= child->look)
            return true;
    }
    return false;
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

/* A stranger that dies sends a signal, as a child does: without one nothing has changed. */
void forkserver__rest_look(struct server *s)
{
    const struct child *oldest = oldest_dead(s);
    struct strangers found;

    if (!s->rest.wanted)
        return;
    s->rest.wanted = false;
    if (!oldest)
        return;
    forkserver__find_strangers(s->kin, &s->children, oldest->pid, &found);
    note(&s->rest, &found);
    for (struct child *c = s->children.dead; c; c = c->next_dead)
        c->alone = c->alone || !may_have_left_some(&s->rest, c);
    /* Who has died by now may have left what was just seen; who dies later has not. */
    if (found.count > 0)
        forkserver__reap_all(s);
    s->rest.looks++;
}
