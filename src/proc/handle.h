/*
 * handle.h - what the caller holds of a call, from the inside
 */
#ifndef FORKSCOPE_PROC_HANDLE_H
#define FORKSCOPE_PROC_HANDLE_H

#include "src/proc/internal.h"

/* The first answer stands: what comes later changes the other fields only. */
enum procspawn__outcome {
    PROCSPAWN__PENDING,
    PROCSPAWN__RESULT,
    PROCSPAWN__FAILED,
    PROCSPAWN__CONSUMED         /* joined */
};

struct procspawn_handle {
    struct procspawn__taken taken;
    enum procspawn__outcome outcome;
    json_t *result;
    procspawn_error *error;     /* NULL in FAILED: out of memory */
    struct backtrace *trace;    /* of a crash whose death is still to come */
    bool gone;                  /* nothing more will come: reaped, or the server died */
    bool reaped;
    struct wire_death death;
    int pipes[3];
};

procspawn_handle *procspawn__handle_new(void);

#endif
