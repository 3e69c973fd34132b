/*
 * incoming.h - one message of a child's channel, received and checked
 *
 * This is the only place that reads what comes up a channel, for calls in processes of their own
 * (process.c) and for workers (src/pool). It checks who sent a message before it reads it. It does
 * not act: the caller does.
 */
#ifndef FORKSCOPE_CALL_INCOMING_H
#define FORKSCOPE_CALL_INCOMING_H

#include "src/call/outcome.h"
#include "src/client/remote_child.h"
#include "src/value/encoded.h"
#include "src/value/footprint.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum procspawn__incoming_kind {
    PROCSPAWN__INCOMING_NOTHING,    /* `error` says why */
    PROCSPAWN__INCOMING_IGNORED,    /* from an unknown process, or without meaning */
    PROCSPAWN__INCOMING_REFUSED,    /* from the child, of a type that it may not send */
    PROCSPAWN__INCOMING_BROKEN,     /* from the child, malformed */
    PROCSPAWN__INCOMING_RESULT,
    PROCSPAWN__INCOMING_FAILURE,
    PROCSPAWN__INCOMING_BACKTRACE,
    PROCSPAWN__INCOMING_REBORN,
    PROCSPAWN__INCOMING_DEATH,
    PROCSPAWN__INCOMING_END,        /* the other end of the channel is closed */
    PROCSPAWN__INCOMING_CLOSED      /* the program has closed this end */
};

struct procspawn__incoming {
    enum procspawn__incoming_kind kind;
    int error;                  /* NOTHING: -EAGAIN: there is none now; or another -errno */
    uint64_t generation;        /* RESULT, FAILURE: of the call that is answered */
    bool keep_alive;            /* RESULT, FAILURE: the child waits for its next call */
    size_t memfd_length;        /* RESULT: that came in a memfd; else 0 */
    bool was_reset;             /* the channel was reset: the child left a message unread */
    struct wire_reborn reborn;  /* REBORN */
    struct wire_death death;    /* DEATH */
};

/*
 * Receives one message of the child `from`, without waiting. RESULT, FAILURE and BACKTRACE are
 * added to the outcome as outcome.h says. `results`: the child's standing buffer; NULL: none. The
 * message is received in *buffer, which the caller frees; it is made if it is NULL, and NULL if
 * the outcome has taken it. Without memory for a buffer the error is -ENOMEM, and the message
 * stays in the channel. lossy: see wire__recv. One thread at a time for each channel.
 */
void procspawn__incoming_receive(const struct procspawn__remote_child *from,
                                 struct procspawn__encoded **buffer, bool lossy,
                                 const procspawn__limit *limit,
                                 struct procspawn__result_buffer *results,
                                 struct procspawn__outcome *outcome,
                                 struct procspawn__incoming *ret_incoming);

#endif
