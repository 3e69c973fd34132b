/*
 * forged_calls.h - calls written by hand, whose statements about the sender may be false
 */
#ifndef FORKSCOPE_SUPPORT_FORGED_CALLS_H
#define FORKSCOPE_SUPPORT_FORGED_CALLS_H

#include "src/call/request.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "tests/support/call_helpers.h"

struct forgery {
    uint32_t flags;             /* WIRE_CALL_IDS: root's; RIGHTS: all; SCHEDULE: the highest */
    const struct rlimit *files; /* with WIRE_CALL_LIMITS */
};

/* Sends the call. Returns its result, or the message that it was refused with. */
json_t *forgery_answer(const struct forgery *forgery, procspawn_function *function);

#endif
