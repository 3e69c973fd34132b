/*
 * spares.h - how many children are forked ahead of demand, and when
 *
 * Counts and moments only: nothing here forks, waits or reads the clock. prefork.h does what these
 * functions decide.
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_SPARES_H
#define FORKSCOPE_FORKSERVER_CHILDREN_SPARES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Idle time before the server does background work, in nanoseconds. Longer than one call, so that
 * back-to-back calls are not delayed; below 1 ms, so that the work is done before the next call of
 * a 1 kHz caller.
 */
enum { FORKSERVER_IDLE_DELAY = 400 * 1000 };

struct spares {
    unsigned least;             /* this server's share of the configured number */
    unsigned wanted;            /* current target; above `least` after bursts */
    bool filling;               /* none are left: refill up to `wanted` */
    int64_t dry_at;             /* when the host last ran out of spares */
    int64_t not_before;         /* after a failed fork or early deaths */
    unsigned early_deaths;      /* children in a row that died right after the fork */
};

/* What the death of a child says about the children that would be forked next. */
struct spare_death {
    bool by_itself;             /* no server killed it */
    int status;                 /* as of wait(2) */
    int64_t age;                /* nanoseconds since the fork */
};

void forkserver__spares_init(struct spares *spares, unsigned count);

/* What has happened: the host has no spares left; a fork failed; a child of the host died. */
void forkserver__spares_ran_dry(struct spares *spares, int64_t now);
void forkserver__spares_fork_failed(struct spares *spares, int64_t now);
void forkserver__spares_lost_one(struct spares *spares, const struct spare_death *death,
                                 int64_t now);

/*
 * Idle time to wait before forking one more spare; -1: none is to be forked now. ready: spares that
 * exist, offered or not.
 */
int64_t forkserver__spares_pause(struct spares *spares, unsigned ready, int64_t now);
/* Is the batch complete that was forked in a row? Then it is offered. */
bool forkserver__spares_batch_over(const struct spares *spares, unsigned ready, int64_t now);

/* Of the next spare: its idle timeout in nanoseconds, and whether a call will soon take it. */
int64_t forkserver__spares_idle_timeout(const struct spares *spares, unsigned ready);
bool forkserver__spares_on_demand(const struct spares *spares);

#endif
