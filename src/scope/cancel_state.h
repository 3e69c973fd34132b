/*
 * cancel_state.h - how far the cancel of a node has got
 *
 * The order counts: from CANCEL_ASKED on, waits of the task return -ECANCELED; from CANCEL_FORCED
 * on, they unwind its thread.
 */
#ifndef FORKSCOPE_SCOPE_CANCEL_STATE_H
#define FORKSCOPE_SCOPE_CANCEL_STATE_H

#include <stdbool.h>

enum cancel_state {
    CANCEL_NONE,
    CANCEL_MARKED,      /* no wait is cut short yet: a shielded task, a scope, or one not started */
    CANCEL_ASKED,
    CANCEL_FORCED,
    CANCEL_DEFERRED,    /* a canceller that has claimed its join will call pthread_cancel */
    CANCEL_SENT         /* pthread_cancel has been called */
};

enum cancel_event {
    CANCEL_EV_MARK,
    CANCEL_EV_ASK,      /* ask and force are repeated, and never lower the state */
    CANCEL_EV_FORCE,
    CANCEL_EV_DEFER,
    CANCEL_EV_SEND,
    CANCEL_EV_REFUSE    /* pthread_cancel had no room for its signal; it is to be called again */
};

/* Carries out an event that is legal in the state. Otherwise returns false and changes nothing. */
bool scoped__cancel_state_step(enum cancel_state *state, enum cancel_event event);

#endif
