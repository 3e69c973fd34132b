/*
 * join_state.c - which event about the join of a thread leads where
 */
#include "src/scope/join_state.h"

/* The next state plus one; 0: the event is not legal. */
#define TO(state) ((state) + 1)

static const unsigned char next[JOIN_NEVER + 1][JOIN_EV_JOINED + 1] = {
    [JOIN_UNSTARTED] = {
        [JOIN_EV_THREAD] = TO(JOIN_UNCLAIMED),
        [JOIN_EV_TAKEN] = TO(JOIN_NEVER),
    },
    [JOIN_UNCLAIMED] = {
        [JOIN_EV_THREAD] = TO(JOIN_UNCLAIMED),
        [JOIN_EV_CLAIM] = TO(JOIN_CLAIMED),
    },
    [JOIN_CLAIMED] = {
        [JOIN_EV_THREAD] = TO(JOIN_CLAIMED),
        [JOIN_EV_GIVE_BACK] = TO(JOIN_UNCLAIMED),
        [JOIN_EV_JOINED] = TO(JOIN_JOINED),
    },
    [JOIN_JOINED] = {
        [JOIN_EV_THREAD] = TO(JOIN_JOINED),     /* the creator may come last of all */
    },
};

bool scoped__join_state_step(enum join_state *state, enum join_event event)
{
    unsigned char to = next[*state][event];
    if (to == 0)
        return false;
    *state = to - 1;
    return true;
}
