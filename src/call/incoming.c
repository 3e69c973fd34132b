/*
 * incoming.c - one message of a child's channel, received and checked
 */
#include "src/call/incoming.h"

#include "src/call/outcome.h"
#include "src/client/remote_child.h"
#include "src/value/encoded.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void read_result(struct wire_frame *frame, const procspawn__limit *limit,
                        struct procspawn__result_buffer *results,
                        struct procspawn__encoded **buffer, struct procspawn__outcome *outcome,
                        struct procspawn__incoming *incoming)
{
    struct wire_value head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    if (procspawn__outcome_result(outcome, frame, limit, results, buffer) < 0)
        return;
    incoming->kind = PROCSPAWN__INCOMING_RESULT;
    incoming->generation = head.generation;
    incoming->keep_alive = !head.leaving;
    if (head.place == WIRE_IN_MEMFD)
        incoming->memfd_length = head.length + head.attached_length;
}

static void read_failure(const struct wire_frame *frame, struct procspawn__encoded **buffer,
                         struct procspawn__outcome *outcome, struct procspawn__incoming *incoming)
{
    struct wire_failure head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    incoming->kind = PROCSPAWN__INCOMING_FAILURE;
    incoming->generation = head.generation;
    incoming->keep_alive = head.keep_alive;
    procspawn__outcome_failure(outcome, frame, buffer);
}

static void read_from_child(struct wire_frame *frame, const procspawn__limit *limit,
                            struct procspawn__result_buffer *results,
                            struct procspawn__encoded **buffer, struct procspawn__outcome *outcome,
                            struct procspawn__incoming *incoming)
{
    incoming->kind = PROCSPAWN__INCOMING_BROKEN;
    if (frame->header.type == WIRE_RESULT)
        read_result(frame, limit, results, buffer, outcome, incoming);
    else if (frame->header.type == WIRE_FAILURE)
        read_failure(frame, buffer, outcome, incoming);
    else
        incoming->kind = PROCSPAWN__INCOMING_REFUSED;
}

static bool read_struct(const struct wire_frame *frame, void *ret_body, size_t length)
{
    if (frame->header.length != length)
        return false;
    memcpy(ret_body, frame->body, length);
    return true;
}

static void read_from_server(struct wire_frame *frame, struct procspawn__encoded **buffer,
                             struct procspawn__outcome *outcome,
                             struct procspawn__incoming *incoming)
{
    switch (frame->header.type) {
    case WIRE_BACKTRACE:
        incoming->kind = PROCSPAWN__INCOMING_BACKTRACE;
        procspawn__outcome_backtrace(outcome, frame, buffer);
        break;
    case WIRE_REBORN:
        if (read_struct(frame, &incoming->reborn, sizeof incoming->reborn))
            incoming->kind = PROCSPAWN__INCOMING_REBORN;
        break;
    case WIRE_DEATH:
        if (read_struct(frame, &incoming->death, sizeof incoming->death))
            incoming->kind = PROCSPAWN__INCOMING_DEATH;
        break;
    default:
        break;
    }
}

/* Checks the sender first: any process that has the channel could send a forged answer. */
static void read_frame(const struct procspawn__remote_child *from, struct wire_frame *frame, int rc,
                       const procspawn__limit *limit, struct procspawn__result_buffer *results,
                       struct procspawn__encoded **buffer, struct procspawn__outcome *outcome,
                       struct procspawn__incoming *incoming)
{
    bool from_child = frame->sender == from->pid;

    incoming->kind = PROCSPAWN__INCOMING_IGNORED;
    if (rc < 0 && from_child)
        incoming->kind = PROCSPAWN__INCOMING_BROKEN;
    else if (rc == 0 && from_child)
        read_from_child(frame, limit, results, buffer, outcome, incoming);
    else if (rc == 0 && procspawn__remote_child_vouched(from, frame))
        read_from_server(frame, buffer, outcome, incoming);
    wire__close_fds(frame);
}

void procspawn__incoming_receive(const struct procspawn__remote_child *from,
                                 struct procspawn__encoded **buffer, bool lossy,
                                 const procspawn__limit *limit,
                                 struct procspawn__result_buffer *results,
                                 struct procspawn__outcome *outcome,
                                 struct procspawn__incoming *ret_incoming)
{
    if (!*buffer)
        *buffer = procspawn__encoded_buffer();
    if (!*buffer || (results && !procspawn__result_buffer_prepare(results))) {
        *ret_incoming = (struct procspawn__incoming){ .error = -ENOMEM };
        return;
    }
    struct wire_frame frame = { .body = procspawn__encoded_body(*buffer), .capacity = WIRE_MAX_BODY,
                                .lossy = lossy };
    int rc = wire__recv(from->channel, &frame, true);

    *ret_incoming = (struct procspawn__incoming){ .was_reset = frame.was_reset };
    if (rc == 0 || rc == -EPROTO)
        read_frame(from, &frame, rc, limit, results, buffer, outcome, ret_incoming);
    else if (rc == -EMFILE && lossy)
        ret_incoming->kind = PROCSPAWN__INCOMING_IGNORED;
    else if (rc == -EPIPE)
        ret_incoming->kind = PROCSPAWN__INCOMING_END;
    else if (rc == -EBADF)
        ret_incoming->kind = PROCSPAWN__INCOMING_CLOSED;
    else
        ret_incoming->error = rc;
}
