/*
 * message.h - a JSON value in transit, with the descriptors that it names and its attachments
 *
 * On the wire a placeholder is {"\u0001forkscope": "kind:index"}. The index counts the descriptors
 * that are sent with the text. A key of the program's that looks like this one, or like an escaped
 * one, gets one more \u0001 in front. Bytes and long strings lie behind the text (attachments.h). A
 * value without any of these is sent unchanged, and is not searched on receipt.
 */
#ifndef FORKSCOPE_VALUE_MESSAGE_H
#define FORKSCOPE_VALUE_MESSAGE_H

#include "src/value/attachments.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value to be sent. */
struct procspawn__message {
    struct wire_writer text;                /* and behind it the attachments' table; see _keep */
    size_t text_length;                     /* of the text alone */
    size_t attached_count;
    size_t attached_length;                 /* of the table and the attachments */
    struct procspawn__attachments attachments;  /* borrowed from the value, until they are kept */
    bool reserved_keys;                     /* of placeholders, or escaped: the text has some */
    bool failed;                            /* RESULT: as in struct wire_value */
    bool leaving;                           /* the same */
    struct wire_times times;                /* the same */
    const struct wire_standing *standing;   /* for a long RESULT; NULL: there is none */
    int memfd;                              /* all, if it is long and has been sent; else -1 */
    size_t fd_count;
    int fds[PROCSPAWN_DESCRIPTORS_MAX];     /* owned */
};

void procspawn__message_init(struct procspawn__message *message);
void procspawn__message_fini(struct procspawn__message *message);

/*
 * Writes the value into an empty message. The value must not be changed until the message was sent
 * or kept. Returns 0; PROCSPAWN_EJSON; PROCSPAWN_EVALUE for a placeholder without a descriptor;
 * PROCSPAWN_EDESCRIPTORS for too many descriptors; -EBADF for one that is not open; -ENOMEM or
 * -EMFILE.
 */
int procspawn__message_encode(struct procspawn__message *message, const json_t *value);

/* Text and attachments, in bytes. */
size_t procspawn__message_length(const struct procspawn__message *message);

/*
 * Copies the attachments behind the text, so that the message does not need the value any more.
 * Returns 0 or -ENOMEM.
 */
int procspawn__message_keep(struct procspawn__message *message);

/*
 * Puts `before`, the text and the attachments into a sealed memfd. Returns the descriptor or
 * -errno.
 */
int procspawn__message_memfd(const struct procspawn__message *message,
                             const struct wire_part *before);

/*
 * Writes `before`, the text and the attachments into a standing buffer. Returns whether they fit.
 */
bool procspawn__message_stand(const struct procspawn__message *message,
                              const struct wire_part *before,
                              const struct wire_standing *standing);

/* Frees text and attachments, which are elsewhere now. The lengths and descriptors stay. */
void procspawn__message_drop_contents(struct procspawn__message *message);

/*
 * A received value: untrusted text, and the descriptors that it may name. A descriptor that is
 * taken becomes -1.
 */
struct procspawn__received_value {
    const void *text;
    size_t length;
    bool reserved_keys;
    size_t attached_count;                  /* they are behind the text */
    size_t attached_length;
    int *fds;
    size_t fd_count;
    struct procspawn__fd_owner *fd_owner;   /* gets the descriptors of the placeholders */
    const procspawn__limit *limit;          /* NULL: only jansson's own limits */
    const bool *stop;                       /* atomic; when set, decoding ends. May be NULL */
};

/*
 * Decodes the value. Returns 0 and a new reference; PROCSPAWN_EJSON for a text that is not JSON,
 * PROCSPAWN_ELIMIT for a value over the limit (ret_error describes both); -EPROTO for placeholders
 * that do not match the descriptors or the attachments; -ECANCELED: it was stopped; or -ENOMEM.
 * After an error all descriptors are where they were, or, after -EPROTO, closed.
 */
int procspawn__message_decode(const struct procspawn__received_value *received, json_t **ret_value,
                              json_error_t *ret_error);

/* Returns whether the text is null, which is what most calls return. */
bool procspawn__text_is_null(const void *text, size_t length);

/*
 * Sends a message in one frame: struct wire_value, the text, the attachments, the descriptors.
 * encoded.h is the receiving side. Returns 0, -EAGAIN if dont_wait is set, -EPIPE, or another
 * errno. May be repeated.
 */
int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait);

#endif
