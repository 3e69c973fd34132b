/*
 * quota.c - limits of nested children
 *
 * The server forks children of children with its own rights and descriptors, whatever the limits of
 * the requester. So each requester has a limit, which counts spares and granted requests too, and
 * all servers together have one, counted on the board. The host has no limit.
 */
#include "forkserver/children/quota.h"

#include "forkserver/children/state.h"
static unsigned nested_in_all(const struct server *s)
{
    const unsigned servers = __atomic_load_n(&s->options->board[0].servers, __ATOMIC_RELAXED);
    unsigned count = 0;

    for (unsigned i = 0; i < servers; i++)
        count += __atomic_load_n(&s->options->board[i].nested, __ATOMIC_RELAXED);
    return count;
}

static unsigned at_most(unsigned left, unsigned count)
{
    return count < left ? count : left;
}

unsigned forkserver__quota_grant(const struct server *s, const struct requester *requester,
                                 unsigned count)
{
    unsigned most = requester->owner ? s->options->nested_each : UINT32_MAX;
    unsigned taken = requester->credits + (requester->owner ? requester->children : 0);

    return taken < most ? at_most(most - taken, count) : 0;
}

bool forkserver__quota_full(const struct server *s, const struct requester *requester)
{
    return requester->owner && nested_in_all(s) >= s->options->nested_all;
}

void forkserver__quota_count(struct server *s, const struct requester *requester, int change)
{
    if (requester->owner)
        __atomic_add_fetch(&s->board->nested, (uint32_t)change, __ATOMIC_RELAXED);
}
