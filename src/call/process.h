/*
 * process.h - a call in a process of its own
 */
#ifndef FORKSCOPE_CALL_PROCESS_H
#define FORKSCOPE_CALL_PROCESS_H

#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/client/awaits.h"
#include "src/client/remote_child.h"
#include "src/value/footprint.h"
#include "src/wire/protocol.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>

struct procspawn__process {
    procspawn_handle handle;
    struct procspawn__remote_child child;
    procspawn__limit limit;     /* of the result */
    struct procspawn__await await;
    bool ended;                 /* its channel has ended */
    bool flooded;               /* its channel may never become empty, nor bring an answer */
    bool gone;                  /* reaped, with its descendants */
    bool lost;                  /* gone, and its server died before */
    struct wire_death death;    /* all 0: not known */
};

/* A handle without a process: the caller sets `child`. NULL without memory. */
struct procspawn__process *procspawn__process_new(void);

#endif
