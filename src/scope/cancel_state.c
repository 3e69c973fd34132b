/*
 * cancel_state.c - which event about the cancel of a node leads where
 */
#include "src/scope/cancel_state.h"

/* The next state; CANCEL_NONE, to which nothing leads: the event is not legal. */
static const enum cancel_state next[CANCEL_SENT + 1][CANCEL_EV_REFUSE + 1] = {
    [CANCEL_NONE] = {
        [CANCEL_EV_MARK] = CANCEL_MARKED,
    },
    [CANCEL_MARKED] = {
        [CANCEL_EV_ASK] = CANCEL_ASKED,
        [CANCEL_EV_FORCE] = CANCEL_FORCED,
    },
    [CANCEL_ASKED] = {
        [CANCEL_EV_ASK] = CANCEL_ASKED,
        [CANCEL_EV_FORCE] = CANCEL_FORCED,
    },
    [CANCEL_FORCED] = {
        [CANCEL_EV_ASK] = CANCEL_FORCED,
        [CANCEL_EV_FORCE] = CANCEL_FORCED,
        [CANCEL_EV_DEFER] = CANCEL_DEFERRED,
        [CANCEL_EV_SEND] = CANCEL_SENT,
    },
    [CANCEL_DEFERRED] = {
        [CANCEL_EV_ASK] = CANCEL_DEFERRED,
        [CANCEL_EV_FORCE] = CANCEL_DEFERRED,
        [CANCEL_EV_SEND] = CANCEL_SENT,
        [CANCEL_EV_REFUSE] = CANCEL_FORCED,
    },
    [CANCEL_SENT] = {
        [CANCEL_EV_ASK] = CANCEL_SENT,
        [CANCEL_EV_FORCE] = CANCEL_SENT,
    },
};

bool scoped__cancel_state_step(enum cancel_state *state, enum cancel_event event)
{
    if (next[*state][event] == CANCEL_NONE)
        return false;
    *state = next[*state][event];
    return true;
}
