/*
 * request.h - the request of a call: built, sealed, and sent one or more times
 */
#ifndef FORKSCOPE_CALL_REQUEST_H
#define FORKSCOPE_CALL_REQUEST_H

#include "src/call/capture.h"
#include "src/call/learning.h"
#include "src/value/message.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/standing.h"
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Descriptors are owned, unless marked otherwise; -1: none. */
struct procspawn__request {
    struct wire_call call;
    struct wire_writer block;
    size_t environment_at;      /* where the environment lies in the block */
    size_t environment_length;
    struct procspawn__message message;
    int memory;                 /* memfd with block and text if they are too long for a frame */
    const struct wire_standing *standing;   /* of a worker: holds them instead; NULL: it does not */
    struct wire_standing kept;  /* such a buffer whose worker did not begin the call */
    int cwd;
    int stdio[3];               /* the child's ends */
    bool owned[3];              /* stdio[i] is owned; else borrowed */
    int pipes[3];               /* the caller's ends of pipes */
    struct procspawn__capture *capture; /* NULL: its output is not captured */
    struct procspawn__learning *learning; /* started; NULL: it does not learn */
};

void procspawn__request_init(struct procspawn__request *request);
void procspawn__request_fini(struct procspawn__request *request);
/* The same in a child by fork(2): frees memory and closes nothing. */
void procspawn__request_forget(struct procspawn__request *request);
/* Adds the function. Comes last of all that writes to the block. 0, PROCSPAWN_EFUNCTION. */
int procspawn__request_function(struct procspawn__request *request, procspawn_function *function);
/*
 * Adds the argument, which must not be changed before the request is sealed; NULL: JSON null. 0, or
 * the errors of procspawn__message_encode.
 */
int procspawn__request_argument(struct procspawn__request *request, const json_t *argument);
/* Ends the building: nothing may be added afterwards. 0 or -errno. */
int procspawn__request_seal(struct procspawn__request *request);
/* How long is what lies behind the structure, if it is too long for a frame? Else 0. */
size_t procspawn__request_excess(const struct procspawn__request *request);
/*
 * Ends the building of a request that is too long for a frame: in the standing buffer of a worker,
 * which must have room, and lasts until the worker has the request or procspawn__request_take_back.
 */
void procspawn__request_stand(struct procspawn__request *request,
                              const struct wire_standing *standing);
/* The worker will not have the request: takes its buffer, if the request lies in it. */
void procspawn__request_take_back(struct procspawn__request *request,
                                  struct wire_standing *standing);

/* The standing buffers of a receiver. */
struct procspawn__receiver_buffers {
    const struct wire_standing *argument, *results; /* may be none */
    bool new_argument, new_results;     /* it does not have them yet */
};

/* Sends the request and does not block. 0; -EPIPE: the receiver is dead; or -errno. */
int procspawn__request_send(const struct procspawn__request *request, int channel);
/*
 * The same for a worker. A request that was taken back is put into a memfd first, which can be sent
 * to any.
 */
int procspawn__request_send_with(struct procspawn__request *request, int channel,
                                 const struct procspawn__receiver_buffers *buffers);
/* The same with the bytes of a request that has no descriptors. */
int procspawn__request_send_bytes(const void *bytes, size_t length, int channel);

#endif
