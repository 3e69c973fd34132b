/*
 * process.h - a call in a process of its own
 */
#ifndef FORKSCOPE_CALL_PROCESS_H
#define FORKSCOPE_CALL_PROCESS_H

#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/client/awaits.h"
#include "src/client/taken.h"
#include "src/value/footprint.h"
#include "src/wire/protocol.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>

struct procspawn__process {
    procspawn_handle handle;
    struct procspawn__taken taken;
    procspawn__limit limit;     /* of the result */
    struct procspawn__await await;
    bool ended;                 /* nothing more will come up its channel */
    bool crowded;               /* what comes there may be endless, and say nothing */
    bool gone;                  /* reaped, with all that it left */
    bool lost;                  /* by the root, for its server died */
    struct wire_death death;    /* all 0: not known */
};

/* The handle of a process that is to be taken; NULL when out of memory. */
struct procspawn__process *procspawn__process_new(void);

#endif
