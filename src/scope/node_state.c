/*
 * node_state.c - which state of a node may follow which
 */
#include "src/scope/node_state.h"

static const bool may_follow[NODE_GONE + 1][NODE_GONE + 1] = {
    [NODE_QUEUED]  = { [NODE_RUNNING] = true, [NODE_ENDING] = true },
    [NODE_RUNNING] = { [NODE_ENDING] = true, [NODE_GONE] = true },     /* gone: a scope */
    [NODE_ENDING]  = { [NODE_DONE] = true, [NODE_GONE] = true },       /* gone: nothing to join */
    [NODE_DONE]    = { [NODE_GONE] = true },
};

bool scoped__node_state_step(enum node_state *state, enum node_state next)
{
    if (!may_follow[*state][next])
        return false;
    *state = next;
    return true;
}
