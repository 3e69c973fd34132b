/*
 * outcome.h - the outcome of one call: a result or an error
 *
 * The first outcome of a call counts; later ones are dropped. A result is stored as it was received
 * and decoded when it is joined. The functions need no lock; the caller serialises them.
 */
#ifndef FORKSCOPE_CALL_OUTCOME_H
#define FORKSCOPE_CALL_OUTCOME_H

#include "src/crash/backtrace.h"
#include "src/value/encoded.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum procspawn__outcome_state {
    PROCSPAWN__PENDING,         /* nothing was received yet */
    PROCSPAWN__UNDECODED,            /* a result was received and is not decoded */
    PROCSPAWN__RESULT,          /* the result is decoded */
    PROCSPAWN__FAILED,          /* the error is set */
    PROCSPAWN__CONSUMED         /* joined: result or error belong to the caller */
};

/* A message that there was no memory to read: it lies where it was received. */
struct procspawn__unread {
    struct procspawn__encoded *buffer;  /* NULL: none */
    size_t length;
    int memfd;                  /* came with it; negative: none */
};

struct procspawn__outcome {
    enum procspawn__outcome_state state;
    json_t *result;
    struct procspawn__fd_owner fd_owner; /* owns the descriptors that came with the result */
    procspawn_error *error;     /* NULL in FAILED: there was no memory for it yet */
    struct backtrace *trace;    /* received before the failure that it belongs to */
    struct procspawn__unread report;    /* BACKTRACE */
    struct procspawn__unread failure;   /* FAILURE */
    bool died;                  /* FAILED by this death */
    struct wire_death death;
    struct procspawn__encoded *encoded;     /* UNDECODED: the message */
    bool reported;              /* the result says how the function has failed */
    /* The host's own, until the child's answer has better ones: when the call was handed to a
     * process (0: it was not), and when the outcome came. */
    struct wire_times times;
    struct procspawn__decoding *decoding;   /* UNDECODED: a thread decodes it; NULL: none does */
};

/*
 * Reads the whole report that an unwinder wrote: untrusted. memfd is borrowed; negative: there is
 * none. 0, -EBADMSG or -ENOMEM.
 */
int procspawn__read_report(int memfd, struct backtrace *ret_trace);

void procspawn__outcome_fini(struct procspawn__outcome *outcome);
/* The same in a child by fork(2): frees memory; the descriptors belong to the parent. */
void procspawn__outcome_forget(struct procspawn__outcome *outcome);

/* Sets the error, which is taken; NULL: there was no memory for it. */
void procspawn__outcome_fail(struct procspawn__outcome *outcome, procspawn_error *error);
/*
 * RESULT was received: stores it, and takes the frame's descriptors. `limit`: for its size;
 * `results`: as for procspawn__encoded_new. Here and below `buffer` is what the frame was received
 * in. If there is no memory to read or store the message, it stays there, and the buffer is taken:
 * *buffer is NULL then. Returns 0, or -EPROTO: the message is malformed, and nothing was stored.
 */
int procspawn__outcome_result(struct procspawn__outcome *outcome, struct wire_frame *frame,
                               const procspawn__limit *limit,
                               struct procspawn__result_buffer *results,
                               struct procspawn__encoded **buffer);
/*
 * Decodes a stored result, which may take seconds, or reads what there was no memory for. With a
 * deadline: a cancellation point; BASE_NEVER: none. 0, also if the decoding fails: the outcome is
 * FAILED then, with an error; -ENOMEM: nothing has
 * changed, and the function may be called again; -ETIMEDOUT, -ECANCELED: the decoding goes on, and
 * the next call waits for it. A decoding is given a tenth of a second beyond the deadline.
 */
int procspawn__outcome_decode(struct procspawn__outcome *outcome, int64_t deadline);
/*
 * If the stored result takes long, has a thread decode it. Returns the descriptor that becomes
 * readable when that is done, borrowed; or -1: there is nothing to wait for.
 */
int procspawn__outcome_begin_decoding(struct procspawn__outcome *outcome);
/* FAILURE, BACKTRACE or DEATH was received; or the channel ended because the server died. */
void procspawn__outcome_failure(struct procspawn__outcome *outcome, const struct wire_frame *frame,
                                struct procspawn__encoded **buffer);
void procspawn__outcome_backtrace(struct procspawn__outcome *outcome, struct wire_frame *frame,
                                  struct procspawn__encoded **buffer);
void procspawn__outcome_death(struct procspawn__outcome *outcome, const struct wire_death *death);
void procspawn__outcome_lost(struct procspawn__outcome *outcome);

/*
 * Moves a backtrace, read or unread, to another outcome that has none: into the error, if there is
 * one.
 */
void procspawn__outcome_pass_trace(struct procspawn__outcome *from, struct procspawn__outcome *to);
/* Does it hold nothing that has to be freed? */
bool procspawn__outcome_is_empty(const struct procspawn__outcome *outcome);

/*
 * Decodes the outcome and gives result or error to the caller, once. 0, PROCSPAWN_ECALL, -ENOMEM,
 * -ETIMEDOUT or -ECANCELED, as procspawn_join_timeout().
 */
int procspawn__outcome_take(struct procspawn__outcome *outcome, int64_t deadline,
                            json_t **ret_result, procspawn_error **ret_error);

#endif
