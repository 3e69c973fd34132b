/*
 * answer.h - how one call has come out
 *
 * The first thing that is said of a call stands; what comes later is dropped. A result is kept as
 * it came, and decoded for who asks for it.
 */
#ifndef FORKSCOPE_PROC_ANSWER_H
#define FORKSCOPE_PROC_ANSWER_H

#include "src/crash/backtrace.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <jansson.h>

enum procspawn__outcome {
    PROCSPAWN__PENDING,
    PROCSPAWN__KEPT,            /* a result that is not decoded yet */
    PROCSPAWN__RESULT,
    PROCSPAWN__FAILED,
    PROCSPAWN__CONSUMED         /* joined */
};

struct procspawn__answer {
    enum procspawn__outcome outcome;
    json_t *result;
    struct procspawn__holder holder;    /* of the descriptors that came with it */
    procspawn_error *error;     /* NULL in FAILED: out of memory */
    struct backtrace *trace;    /* of a failure that is still to be told */
    struct procspawn__parcel *kept;
};

void procspawn__answer_fini(struct procspawn__answer *answer);
/* The same in a copy of the process by fork(2): memory only, for the descriptors are the owner's. */
void procspawn__answer_forget(struct procspawn__answer *answer);

/* Takes the error; NULL stands for one that could not be built. */
void procspawn__answer_fail(struct procspawn__answer *answer, procspawn_error *error);
/* RESULT: takes out of the frame what is needed of it. limit: what the result may be. */
void procspawn__answer_keep(struct procspawn__answer *answer, struct wire_frame *frame,
                            const procspawn__limit *limit);
/* Decodes what was kept. Returns 0, or -ENOMEM: it is as before, and can be tried again. */
int procspawn__answer_decode(struct procspawn__answer *answer);
/* FAILURE, BACKTRACE, DEATH; and the end of a channel without DEATH. */
void procspawn__answer_failure(struct procspawn__answer *answer, const struct wire_frame *frame);
void procspawn__answer_backtrace(struct procspawn__answer *answer, struct wire_frame *frame);
void procspawn__answer_death(struct procspawn__answer *answer, const struct wire_death *death);
void procspawn__answer_lost(struct procspawn__answer *answer);

/* Decodes, and hands the outcome over, once: 0, PROCSPAWN_ECALL or -ENOMEM, as procspawn_join(). */
int procspawn__answer_give(struct procspawn__answer *answer, json_t **ret_result,
                           procspawn_error **ret_error);

#endif
