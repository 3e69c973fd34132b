/*
 * forgery.h - calls that are put together by hand: what they say of their sender need not be so
 */
#ifndef TESTS_FORGERY_H
#define TESTS_FORGERY_H

#include "src/call/request.h"
#include "src/client/take.h"
#include "src/client/taken.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "tests/support/call_helpers.h"

struct forgery {
    uint32_t flags;             /* WIRE_CALL_IDS: those of root; RIGHTS: all; SCHEDULE: the best */
    const struct rlimit *files; /* with WIRE_CALL_LIMITS */
};

/* Has the function called; returns its result, or the sentence it was refused with. */
json_t *forgery_answer(const struct forgery *forgery, procspawn_function *function);

#endif
