/*
 * join_state.h - who joins the thread of a task
 */
#ifndef FORKSCOPE_SCOPE_JOIN_STATE_H
#define FORKSCOPE_SCOPE_JOIN_STATE_H

#include <stdbool.h>

enum join_state {
    JOIN_UNSTARTED,     /* no thread is known for it yet, and nobody runs it */
    JOIN_UNCLAIMED,     /* its own thread is to be joined by whoever claims that first */
    JOIN_CLAIMED,       /* somebody joins the thread, or keeps others from joining it */
    JOIN_JOINED,
    JOIN_NEVER          /* there is nothing to join: it runs on another's thread, or is a scope */
};

enum join_event {
    JOIN_EV_THREAD,     /* its own thread is known; said by the thread and by its creator */
    JOIN_EV_TAKEN,      /* a thread that is not its own runs it */
    JOIN_EV_CLAIM,
    JOIN_EV_GIVE_BACK,  /* the claim ends without a join */
    JOIN_EV_JOINED
};

/* Carries out an event that is legal in the state. Otherwise returns false and changes nothing. */
bool scoped__join_state_step(enum join_state *state, enum join_event event);

#endif
