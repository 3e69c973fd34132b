/*
 * interrupts.h - signals of the system that cancel a scope
 */
#ifndef FORKSCOPE_SCOPE_INTERRUPTS_H
#define FORKSCOPE_SCOPE_INTERRUPTS_H

#include "src/scope/node.h"

#include <signal.h>

/* The signals of one scope. They are blocked in its opener, and taken by a thread. */
struct interrupts {
    struct node *scope;
    sigset_t signals;
    sigset_t mask_before;       /* of the opener */
    int any;                    /* one of the signals; 0: there are none, and no thread */
    int first;                  /* the one that cancelled the scope; 0: none yet */
    pthread_t thread;
    atomic_bool stops;
};

/*
 * Blocks the signals (ends with 0; NULL: none) in the calling thread. Returns 0, or -EINVAL with
 * nothing changed: one of them does not exist, or cannot be blocked.
 */
int scoped__interrupts_block(struct interrupts *interrupts, const int *signals);

/* Starts the thread, which cancels the scope at the first signal. Returns 0 or -EAGAIN. */
int scoped__interrupts_watch(struct interrupts *interrupts, struct node *scope);

/* Stops the thread, if it was started, and gives the calling thread its mask of before. */
void scoped__interrupts_end(struct interrupts *interrupts);

#endif
