/*
 * prefork.c - forks children ahead of demand
 */
#include "forkserver/prefork.h"

#include "forkserver/children/spares.h"
#include "forkserver/children/spawn.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "src/base/clock.h"
#include <unistd.h>

static unsigned ready_ones(const struct server *s)
{
    return s->host.spares + s->prefork.held_count;
}

/* A server that rests offers the spares that it holds, and forks no more of them. */
static bool is_resting(const struct server *s)
{
    return __atomic_load_n(&s->board->resting, __ATOMIC_RELAXED) && s->prefork.held_count == 0;
}

int64_t forkserver__prefork_pause(struct server *s)
{
    int64_t pause = forkserver__spares_pause(&s->prefork.spares, ready_ones(s), base__now());

    return s->ending || s->host.closed || is_resting(s) ? -1 : pause;
}

unsigned forkserver__prefork_offer(struct server *s)
{
    unsigned count = s->prefork.held_count;

    s->prefork.held_count = 0;
    return count > 0 && forkserver__offer(s, &s->host, s->prefork.held, count) == 0 ? count : 0;
}

void forkserver__prefork_drop(struct server *s, struct child *child)
{
    struct prefork *prefork = &s->prefork;
    unsigned kept = 0;

    for (unsigned i = 0; i < prefork->held_count; i++) {
        if (prefork->held[i] != child)
            prefork->held[kept++] = prefork->held[i];
    }
    prefork->held_count = kept;
    close(child->offered);
}

void forkserver__prefork_lost_one(struct server *s, const struct child *child)
{
    struct spares *spares = &s->prefork.spares;
    int64_t now = base__now();
    const struct spare_death death = {
        .by_itself = child->cause == WIRE_ENDED_BY_ITSELF,
        .status = child->status,
        .age = now - child->born,
    };

    forkserver__spares_lost_one(spares, &death, now);
    if (spares->not_before > now)
        forkserver__wake_by(s, spares->not_before);
}

static void fork_one(struct server *s)
{
    struct prefork *prefork = &s->prefork;
    const struct spares *spares = &prefork->spares;
    struct child *child;

    if (forkserver__spawn(s, &s->host, forkserver__spares_idle_timeout(spares, ready_ones(s)),
                          forkserver__spares_on_demand(spares), &child) < 0) {
        forkserver__spares_fork_failed(&prefork->spares, base__now());
        forkserver__wake_by(s, spares->not_before);
    } else {
        prefork->held[prefork->held_count++] = child;
    }
}

/* The spares of a batch are offered in one message at its end, unless a request comes before. */
void forkserver__prefork_add(struct server *s)
{
    fork_one(s);
    if (s->prefork.held_count == WIRE_MAX_OFFERS ||
        forkserver__spares_batch_over(&s->prefork.spares, ready_ones(s), base__now()))
        forkserver__prefork_offer(s);
}
