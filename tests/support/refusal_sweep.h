/*
 * refusal_sweep.h - each request of an operation to the C library is refused in turn
 */
#ifndef FORKSCOPE_SUPPORT_REFUSAL_SWEEP_H
#define FORKSCOPE_SUPPORT_REFUSAL_SWEEP_H

#include <forkscope/procspawn.h>

/* Returns 0, or an error when a request of its was refused. */
typedef int operation(void);

/* Keeps the first error. */
int sweep_note(int *first, int rc);

/* Joins a call, if it was started, and frees the handle. */
int sweep_join(int rc, procspawn_handle *handle);

/*
 * Repeat the operation until each of its requests was refused once: between calls_begin and
 * calls_end, and without.
 */
void sweep_with_servers(operation *operate);
void sweep_without_servers(operation *operate);

/* A test of this name: sweep_with_servers or sweep_without_servers (`how`) of an operation. */
#define REFUSED(name, how, operate) \
    static void name(void) \
    { \
        how(operate); \
    }

#endif
