/*
 * node_state.h - what a node has reached of its life
 *
 * States are entered in this order. Some may be skipped; none is entered twice.
 */
#ifndef FORKSCOPE_SCOPE_NODE_STATE_H
#define FORKSCOPE_SCOPE_NODE_STATE_H

#include <stdbool.h>

enum node_state {
    NODE_QUEUED,    /* spawned; no thread runs it yet */
    NODE_RUNNING,   /* phase 1; only now may its thread be cancelled. Scopes: open */
    NODE_ENDING,    /* phases 2 to 5; entered without RUNNING if cancelled before the start */
    NODE_DONE,      /* phase 6; its thread has not been joined yet */
    NODE_GONE       /* out of the tree; only the memory is left */
};

/* Enters a state, if it may follow the present one. Otherwise returns false and changes nothing. */
bool scoped__node_state_step(enum node_state *state, enum node_state next);

#endif
