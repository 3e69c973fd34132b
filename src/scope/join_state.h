/*
 * join_state.h - states of a task's thread from its start to pthread_join(3)
 */
#ifndef FORKSCOPE_SCOPE_JOIN_STATE_H
#define FORKSCOPE_SCOPE_JOIN_STATE_H

#include <stdbool.h>

enum join_state {
    JOIN_UNSTARTED,     /* no thread runs it yet */
    JOIN_UNCLAIMED,     /* it has a thread; the first thread that claims the join makes it */
    JOIN_CLAIMED,       /* one thread has claimed the join; no other may join */
    JOIN_JOINED,
    JOIN_NEVER          /* no thread of its own: it runs on another task's thread, or is a scope */
};

enum join_event {
    JOIN_EV_THREAD,     /* its own thread is known; reported by the thread and by its creator */
    JOIN_EV_TAKEN,      /* a thread that is not its own runs it */
    JOIN_EV_CLAIM,
    JOIN_EV_GIVE_BACK,  /* the claim ends without a join */
    JOIN_EV_JOINED
};

/* Carries out an event that is legal in the state. Otherwise returns false and changes nothing. */
bool scoped__join_state_step(enum join_state *state, enum join_event event);

#endif
