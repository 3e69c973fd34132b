/*
 * spares.c - how many children are forked ahead of demand, and when
 *
 * A spare that is taken is replaced when the server is idle, and in batches: forks in a row are
 * cheaper than forks between other work. When the host runs out of spares, the target doubles, up
 * to a limit; when that has not happened for a while, each death of a child lowers it by one, down
 * to the configured number. Spares beyond that number exit by themselves after a timeout.
 */
#include "forkserver/children/spares.h"

#include "src/base/clock.h"

enum { GROWTH = 4, MOST = 16 };

/* If the host has not run out of spares for this long, keep fewer. */
static const int64_t shrink_after = BASE_SECOND;
static const int64_t surplus_idle_timeout = 2 * BASE_SECOND;
/* Pause after a failed fork; and after many early deaths, doubled each time. */
static const int64_t retry_delay = BASE_SECOND / 10;
static const int64_t first_early_death_delay = BASE_SECOND / 100;

void forkserver__spares_init(struct spares *spares, unsigned count)
{
    *spares = (struct spares){ .least = count, .wanted = count };
}

void forkserver__spares_ran_dry(struct spares *spares, int64_t now)
{
    unsigned most = spares->least * GROWTH;

    if (most > MOST)
        most = spares->least > MOST ? spares->least : MOST;
    spares->wanted = spares->wanted * 2 < most ? spares->wanted * 2 : most;
    spares->dry_at = now;
}

void forkserver__spares_fork_failed(struct spares *spares, int64_t now)
{
    spares->not_before = now + retry_delay;
}

/*
 * If every child dies right after its fork, forking the next one at once gains nothing. Calls that
 * crash that fast also count, so a few early deaths are allowed.
 */
static void note_early_death(struct spares *spares, const struct spare_death *death, int64_t now)
{
    enum { EARLY = BASE_SECOND / 100, MANY = 32, DOUBLINGS = 6 };

    if (!death->by_itself)
        return;
    if (death->status == 0 || death->age > EARLY) {
        spares->early_deaths = 0;
        return;
    }
    if (++spares->early_deaths < MANY)
        return;
    unsigned times = spares->early_deaths - MANY;
    spares->not_before = now + (first_early_death_delay << (times < DOUBLINGS ? times : DOUBLINGS));
}

void forkserver__spares_lost_one(struct spares *spares, const struct spare_death *death,
                                 int64_t now)
{
    note_early_death(spares, death, now);
    if (spares->wanted > spares->least && now - spares->dry_at > shrink_after)
        spares->wanted--;
}

/*
 * With no spare left the target is refilled in a row; otherwise each spare is forked after idle
 * time.
 */
int64_t forkserver__spares_pause(struct spares *spares, unsigned ready, int64_t now)
{
    enum { NEVER = -1, AT_ONCE = 0 };

    if (ready == 0)
        spares->filling = true;
    if (ready >= spares->wanted)
        spares->filling = false;
    if (ready >= spares->wanted || spares->not_before > now)
        return NEVER;
    return spares->filling ? AT_ONCE : FORKSERVER_IDLE_DELAY;
}

bool forkserver__spares_batch_over(const struct spares *spares, unsigned ready, int64_t now)
{
    return !spares->filling || ready >= spares->wanted || spares->not_before > now;
}

int64_t forkserver__spares_idle_timeout(const struct spares *spares, unsigned ready)
{
    return ready >= spares->least ? surplus_idle_timeout : BASE_NEVER;
}

/* In a burst each spare is used soon after its offer. */
bool forkserver__spares_on_demand(const struct spares *spares)
{
    return spares->filling && spares->wanted > spares->least;
}
