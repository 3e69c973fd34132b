/*
 * spares.c - how many children are forked ahead of demand, and when
 *
 * A spare that is taken is replaced when the server is idle, and in batches: forks in a row are
 * cheaper than forks between other work. When the host runs out of spares, the target doubles, up
 * to a limit; when that has not happened for a while, each death of a child lowers it by one, down
 * to the configured number. Spares beyond that number exit by themselves after a timeout.
 */
#include "forkserver/spares.h"

#include "forkserver/spawn.h"
#include "forkserver/state.h"
#include "forkserver/timing.h"
#include "src/base/clock.h"
#include <unistd.h>

enum { GROWTH = 4, MOST = 16 };

/* If the host has not run out of spares for this long, keep fewer. */
static const int64_t calm = BASE_SECOND;
static const int64_t patience_of_surplus = 2 * BASE_SECOND;
/* Pause after a failed fork; and after many early deaths, doubled each time. */
static const int64_t rest = BASE_SECOND / 10;
static const int64_t first_rest = BASE_SECOND / 100;

void forkserver__spares_init(struct spares *spares, unsigned count)
{
    *spares = (struct spares){ .least = count, .wanted = count };
}

void forkserver__spares_ran_dry(struct spares *spares)
{
    unsigned most = spares->least * GROWTH;

    if (most > MOST)
        most = spares->least > MOST ? spares->least : MOST;
    spares->wanted = spares->wanted * 2 < most ? spares->wanted * 2 : most;
    spares->dry_at = base__now();
}

/*
 * Early deaths: if every child dies right after its fork, forking the next one at once gains
 * nothing. Calls that crash that fast also count, so a few early deaths are allowed.
 */
static void note_stillborn(struct server *s, const struct child *child, int64_t now)
{
    enum { SOON = BASE_SECOND / 100, MANY = 32, DOUBLINGS = 6 };
    struct spares *spares = &s->spares;

    if (child->cause != WIRE_ENDED_BY_ITSELF)
        return;
    if (child->status == 0 || now - child->born > SOON) {
        spares->stillborn = 0;
        return;
    }
    if (++spares->stillborn < MANY)
        return;
    unsigned times = spares->stillborn - MANY;
    spares->not_before = now + (first_rest << (times < DOUBLINGS ? times : DOUBLINGS));
    forkserver__wake_by(s, spares->not_before);
}

void forkserver__spares_lost_one(struct server *s, const struct child *child)
{
    struct spares *spares = &s->spares;
    int64_t now = base__now();

    note_stillborn(s, child, now);
    if (spares->wanted > spares->least && now - spares->dry_at > calm)
        spares->wanted--;
}

static unsigned ready_ones(const struct server *s)
{
    return s->host.spares + s->spares.held_count;
}

/*
 * With no spare left the target is refilled in a row; otherwise each spare is forked after idle
 * time.
 */
int64_t forkserver__spares_pause(struct server *s)
{
    enum { NEVER = -1, AT_ONCE = 0 };
    struct spares *spares = &s->spares;
    unsigned ready = ready_ones(s);

    if (ready == 0)
        spares->filling = true;
    if (ready >= spares->wanted)
        spares->filling = false;
    if (ready >= spares->wanted || s->ending || s->host.closed || spares->not_before > base__now())
        return NEVER;
    return spares->filling ? AT_ONCE : FORKSERVER_QUIET;
}

unsigned forkserver__spares_offer(struct server *s)
{
    unsigned count = s->spares.held_count;

    s->spares.held_count = 0;
    return count > 0 && forkserver__offer(s, &s->host, s->spares.held, count) == 0 ? count : 0;
}

void forkserver__spares_drop(struct spares *spares, struct child *child)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < spares->held_count; i++) {
        if (spares->held[i] != child)
            spares->held[kept++] = spares->held[i];
    }
    spares->held_count = kept;
    close(child->offered);
}

/* The spares of a batch are offered in one message at its end, unless a request comes before. */
void forkserver__spares_add(struct server *s)
{
    struct spares *spares = &s->spares;
    struct child *child;
    int64_t patience = ready_ones(s) >= spares->least ? patience_of_surplus : BASE_NEVER;
    /* In a burst each spare is used soon after its offer. */
    bool awaited = spares->filling && spares->wanted > spares->least;

    if (forkserver__spawn(s, &s->host, patience, awaited, &child) < 0) {
        spares->not_before = base__now() + rest;
        forkserver__wake_by(s, spares->not_before);
    } else {
        spares->held[spares->held_count++] = child;
    }
    if (!spares->filling || ready_ones(s) >= spares->wanted || spares->not_before > base__now() ||
        spares->held_count == WIRE_MAX_OFFERS)
        forkserver__spares_offer(s);
}
