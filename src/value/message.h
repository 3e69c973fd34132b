/*
 * message.h - a JSON value in transit, with the descriptors that it names
 *
 * On the wire a placeholder is {"\u0001forkscope": "kind:index"}. The index counts the descriptors
 * that are sent with the text. A key of the program's that looks like this one, or like an escaped
 * one, gets one more \u0001 in front. A value without any such key is sent unchanged, and is not
 * searched on receipt.
 */
#ifndef FORKSCOPE_VALUE_MESSAGE_H
#define FORKSCOPE_VALUE_MESSAGE_H

#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/codec.h"
#include "src/wire/protocol.h"
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value to be sent. */
struct procspawn__message {
    struct wire_writer text;
    bool reserved_keys;                     /* of placeholders, or escaped: the text has some */
    int memfd;                              /* the text, if it is long and has been sent; else -1 */
    size_t fd_count;
    int fds[PROCSPAWN_DESCRIPTORS_MAX];     /* owned */
};

void procspawn__message_init(struct procspawn__message *message);
void procspawn__message_fini(struct procspawn__message *message);

/*
 * Writes the value into an empty message. Returns 0; PROCSPAWN_EJSON; PROCSPAWN_EVALUE for a
 * placeholder without a descriptor; PROCSPAWN_EDESCRIPTORS for too many descriptors; -EBADF for one
 * that is not open; -ENOMEM or -EMFILE.
 */
int procspawn__message_encode(struct procspawn__message *message, const json_t *value);

/*
 * A received value: untrusted text, and the descriptors that it may name. A descriptor that is
 * taken becomes -1.
 */
struct procspawn__received_value {
    const void *text;
    size_t length;
    bool reserved_keys;
    int *fds;
    size_t fd_count;
    struct procspawn__fd_owner *fd_owner;   /* gets the descriptors of the placeholders */
    const procspawn__limit *limit;          /* NULL: only jansson's own limits */
    const bool *stop;                       /* atomic; when set, decoding ends. May be NULL */
};

/*
 * Decodes the value. Returns 0 and a new reference; PROCSPAWN_EJSON for a text that is not JSON,
 * PROCSPAWN_ELIMIT for a value over the limit (ret_error describes both); -EPROTO for placeholders
 * that do not match the descriptors; -ECANCELED: it was stopped; or -ENOMEM. After an error all
 * descriptors are where they were, or, after -EPROTO, closed.
 */
int procspawn__message_decode(const struct procspawn__received_value *received, json_t **ret_value,
                              json_error_t *ret_error);

/* Returns whether the text is null, which is what most calls return. */
bool procspawn__text_is_null(const void *text, size_t length);

/*
 * Sends a message in one frame: struct wire_value, the text, the descriptors. encoded.h is the
 * receiving side. Returns 0, -EAGAIN if dont_wait is set, -EPIPE, or another errno. May be
 * repeated.
 */
int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait);

#endif
