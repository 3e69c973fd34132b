/*
 * processes_sets.c - calls in completion sets: started, added, taken out, killed, given
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"

#include <poll.h>
#include <stdio.h>

enum { MOST_CALLS = 16, MOST_RUNNING = 4 };

/* The calls of one set; the tag of each is its place. */
struct set {
    procspawn_set *set;
    struct call calls[MOST_CALLS];
    bool inside[MOST_CALLS];
    unsigned made, left;            /* calls, and those that are in the set */
    unsigned added;                 /* which may exceed the number that run */
    unsigned most_running;          /* ever allowed */
    struct pool pool;
};

static struct call *draw(struct dice *dice, struct set *set)
{
    struct call *call = &set->calls[set->made];
    bool pooled = set->pool.pool != NULL && dice_one_in(dice, 2);
    call_draw(dice, call, pooled ? &set->pool : NULL);
    call->in_set = true;
    return call;
}

static void keep(struct set *set)
{
    set->inside[set->made++] = true;
    set->left++;
}

static void start(struct dice *dice, struct set *set)
{
    struct call *call = draw(dice, set);
    struct options options;
    options_draw(dice, call, NULL, &options);
    json_t *argument = call_argument(call);
    json_t *kept = options.options.take_argument ? NULL : argument;
    call->started = base__now();
    int rc = IN_LIBRARY(0, procspawn_set_start(set->set, &options.options, work, argument, call));
    json_decref(kept);
    options_free(&options);
    if (call_started(call, rc, false))
        keep(set);
}

static void add(struct dice *dice, struct set *set)
{
    struct call *call = draw(dice, set);
    call->in_set = false;
    if (!call_start(dice, call))
        return;
    int rc = IN_LIBRARY(0, procspawn_set_add(set->set, call->handle, call));
    EXPECT(rc == 0 || call_is_shortage(rc), "a set does not take a call: %d", rc);
    if (rc < 0) {
        call_kill(dice, call);
        call_finish(dice, call);
        return;
    }
    set->added += call->pool == NULL;
    keep(set);
}

/* ---- results ---- */

static void take(struct set *set, struct procspawn_result *result)
{
    struct call *call = result->tag;
    size_t place = (size_t)(call - set->calls);
    EXPECT(place < set->made && set->inside[place], "the tag of no call");
    set->inside[place] = false;
    set->left--;
    call_judge(call, result, false);
}

static bool next(struct set *set, int64_t patience)
{
    struct procspawn_result result;
    int rc = IN_LIBRARY(patience < 0 ? 3 * BASE_SECOND : patience,
                        procspawn_set_next_timeout(set->set, patience, &result));
    EXPECT(rc == 0 || (rc == -ENODATA && set->left == 0) ||
               (rc == -ETIMEDOUT && patience >= 0 && set->left > 0) || rc == -ENOMEM,
           "next of %u calls returned %d", set->left, rc);
    if (rc == 0)
        take(set, &result);
    return rc == 0 || rc == -ENOMEM;
}

/* As a loop of events does. */
static void wait_for_descriptor(struct dice *dice, struct set *set)
{
    struct pollfd fd = { .fd = procspawn_set_fd(set->set), .events = POLLIN };
    EXPECT(fd.fd >= 0, "a set has no descriptor");
    if (poll(&fd, 1, (int)dice_roll(dice, 20)) == 1)
        EXPECT(fd.revents == POLLIN, "the descriptor of a set says %#x", (unsigned)fd.revents);
    while (next(set, 0))
        continue;
}

/* ---- the rest of what a set can do ---- */

static void kill_some(struct dice *dice, struct set *set)
{
    size_t place = dice_roll(dice, MOST_CALLS);
    if (place >= set->made)
        return;
    atomic_fetch_or(&set->calls[place].events, EVENT_KILLED);
    size_t hit = IN_LIBRARY(0, procspawn_set_kill(set->set, &set->calls[place]));
    EXPECT(hit <= set->inside[place], "a kill has hit %zu calls", hit);
}

static void kill_all(struct set *set)
{
    for (unsigned i = 0; i < set->made; i++)
        atomic_fetch_or(&set->calls[i].events, EVENT_KILLED);
    IN_LIBRARY(0, (procspawn_set_kill_all(set->set), 0));
}

static void take_out(struct dice *dice, struct set *set)
{
    size_t place = dice_roll(dice, MOST_CALLS);
    if (place >= set->made)
        return;
    struct call *call = &set->calls[place];
    int rc = IN_LIBRARY(0, procspawn_set_remove(set->set, call, &call->handle));
    EXPECT((rc == -ENOENT) == !set->inside[place] && (rc == 0 || rc == -ENOENT || rc == -EAGAIN),
           "taking a call out returned %d", rc);
    if (rc < 0)
        return;
    set->inside[place] = false;
    set->left--;
    set->added -= call->pool == NULL && !call->in_set;
    call_finish(dice, call);
}

/* A call counts from its start until its result is given. */
static void count(struct set *set)
{
    unsigned running = 0;
    EXPECT(IN_LIBRARY(0, procspawn_set_count(set->set)) == set->left, "another number of calls");
    for (unsigned i = 0; i < set->made; i++)
        running += set->inside[i] && set->calls[i].pool == NULL && family_lives(set->calls[i].family);
    EXPECT(running <= set->most_running + set->added, "%u calls run, %u may, and %u were added",
           running, set->most_running, set->added);
}

static void limit(struct dice *dice, struct set *set)
{
    unsigned most = 1 + (unsigned)dice_roll(dice, MOST_RUNNING);
    if (most > set->most_running)
        set->most_running = most;
    IN_LIBRARY(0, (procspawn_set_max_running(set->set, most), 0));
}

static void do_something(struct dice *dice, struct set *set)
{
    switch (dice_roll(dice, 16)) {
    case 0:
        kill_some(dice, set);
        break;
    case 1:
        if (dice_one_in(dice, 6))
            kill_all(set);
        break;
    case 2:
        take_out(dice, set);
        break;
    case 3:
        limit(dice, set);
        break;
    case 4:
    case 5:
        wait_for_descriptor(dice, set);
        break;
    case 6:
    case 7:
        count(set);
        break;
    case 8:
    case 9:
        next(set, (int64_t)dice_roll(dice, 20) * MS);
        break;
    case 10:
        if (set->made < MOST_CALLS)
            add(dice, set);
        break;
    default:
        if (set->made < MOST_CALLS)
            start(dice, set);
    }
}

/* ---- its end ---- */

static void describe(const struct set *set)
{
    for (unsigned i = 0; i < set->made; i++) {
        const struct call *call = &set->calls[i];
        if (set->inside[i])
            fprintf(stderr, "in the set: work %d, %s, %s, deadline %d ms, run limit %d ms, events "
                    "%u, capture %zu, input %zu, %s\n", (int)call->work,
                    call->in_set ? "started" : "added", call->pool != NULL ? "in a pool" : "alone",
                    (int)(call->deadline / MS), (int)(call->run_limit / MS), call_events(call),
                    call->capture, call->input,
                    family_lives(call->family) ? "runs" : "does not run");
    }
}

static void empty(struct dice *dice, struct set *set)
{
    for (unsigned i = 0; i < set->made; i++) {
        if (set->inside[i] && !call_ends_surely(&set->calls[i])) {
            atomic_fetch_or(&set->calls[i].events, EVENT_KILLED);
            procspawn_set_kill(set->set, &set->calls[i]);
        }
    }
    if (set->pool.pool != NULL && dice_one_in(dice, 3))
        pools_close(dice, &set->pool);
    while (next(set, run_slack()))
        continue;
    if (set->left > 0)
        describe(set);
    EXPECT(set->left == 0, "%u calls do not end", set->left);
}

/* With what is left in it. */
static void free_set(struct dice *dice, struct set *set)
{
    int64_t patience = (int64_t)dice_roll(dice, 20) * MS;
    int rc = -ETIMEDOUT;
    if (dice_one_in(dice, 2)) {
        rc = IN_LIBRARY(patience, procspawn_set_free_timeout(set->set, patience));
        EXPECT(rc == 0 || rc == -ETIMEDOUT, "free of a set returned %d", rc);
    }
    if (rc == -ETIMEDOUT)
        IN_LIBRARY(3 * BASE_SECOND, (procspawn_set_free(set->set), 0));
    for (unsigned i = 0; i < set->made; i++) {
        if (!set->inside[i])
            continue;
        if (set->calls[i].pool == NULL && !board->root_killed)
            family_check_gone(set->calls[i].family, "its set");
        call_end_with(&set->calls[i], ENDED_UNHEARD);
    }
}

void sets_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct set set = { .made = 0 };
    int rc = IN_LIBRARY(0, procspawn_set_new(&set.set));
    EXPECT(rc == 0 || call_is_shortage(rc), "a set is refused: %d", rc);
    if (rc < 0)
        return;
    limit(dice, &set);
    if (dice_one_in(dice, 2))
        pools_open(dice, &set.pool, NULL);
    for (uint64_t i = 5 + dice_roll(dice, 60); i > 0; i--)
        do_something(dice, &set);
    if (dice_one_in(dice, 2))
        empty(dice, &set);
    free_set(dice, &set);
    if (set.pool.pool != NULL)
        pools_close(dice, &set.pool);
}
