/*
 * processes_held.c - calls that a thread holds for longer, alone and in pools shared by all threads
 */
#include "tests/random/processes.h"

#include <poll.h>

struct actor actors[THREADS];
struct pool shared_pools[SHARED_POOLS];

static void lock(struct actor *actor)
{
    pthread_mutex_lock(&actor->lock);
}

static void unlock(struct actor *actor)
{
    pthread_mutex_unlock(&actor->lock);
}

static void begin(struct actor *actor, struct call *held)
{
    struct dice *dice = &actor->dice;
    struct pool *pool = dice_one_in(dice, 2) ? &shared_pools[dice_roll(dice, SHARED_POOLS)] : NULL;
    struct call call;
    call_draw(dice, &call, pool != NULL && pool->pool != NULL ? pool : NULL);
    if (!call_start(dice, &call))
        return;
    lock(actor);
    *held = call;
    unlock(actor);
}

static void end(struct actor *actor, struct call *held)
{
    lock(actor);
    struct call call = *held;
    held->handle = NULL;
    unlock(actor);
    call_finish(&actor->dice, &call);
}

static void look_at(struct call *held)
{
    pid_t pid = IN_LIBRARY(0, procspawn_pid(held->handle));
    EXPECT(pid > 0 || held->pool != NULL, "a process of its own has no id");
    struct pollfd fd = { .fd = IN_LIBRARY(0, procspawn_fd(held->handle)), .events = POLLIN };
    EXPECT(fd.fd >= 0 || weather_is_short(), "a handle has no descriptor");
    if (fd.fd >= 0 && poll(&fd, 1, 0) < 0)
        return;
    EXPECT(!(fd.revents & POLLNVAL) || fd.fd < 0, "the descriptor of a handle is closed");
    EXPECT(held->pool != NULL || procspawn_stdin(held->handle) == -1, "a stream that is no pipe");
}

/* The handle cannot be freed meanwhile, but it may be joined or waited for. */
static void kill_of_another(struct actor *actor)
{
    struct actor *other = &actors[dice_roll(&actor->dice, THREADS)];
    struct call *held = &other->held[dice_roll(&actor->dice, HELD_CALLS)];
    lock(other);
    if (held->handle != NULL)
        call_kill(&actor->dice, held);
    unlock(other);
}

static void count(struct actor *actor)
{
    struct pool *pool = &shared_pools[dice_roll(&actor->dice, SHARED_POOLS)];
    if (pool->pool == NULL)
        return;
    EXPECT(IN_LIBRARY(0, procspawn_pool_active_count(pool->pool)) <= pool->size,
           "more at work than there are");
    EXPECT(IN_LIBRARY(0, procspawn_pool_size(pool->pool)) <= pool->size,
           "more workers than allowed");
}

void held_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct call *held = &actor->held[dice_roll(dice, HELD_CALLS)];

    if (held->handle == NULL) {
        begin(actor, held);
        return;
    }
    switch (dice_roll(dice, 8)) {
    case 0:
        call_kill(dice, held);
        break;
    case 1:
        kill_of_another(actor);
        break;
    case 2:
        look_at(held);
        break;
    case 3:
        call_wait(held, (int64_t)dice_roll(dice, 10) * MS);
        break;
    case 4:
    case 5:
        call_join(held, (int64_t)dice_roll(dice, 10) * MS);
        break;
    case 6:
        count(actor);
        break;
    default:
        end(actor, held);
    }
}

void held_end(struct actor *actor)
{
    for (int i = 0; i < HELD_CALLS; i++) {
        if (actor->held[i].handle != NULL)
            end(actor, &actor->held[i]);
    }
}
