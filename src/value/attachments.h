/*
 * attachments.h - bytes and long strings, which lie beside the text of a message
 *
 * Behind the text come the length of each attachment, as 8 bytes, and then the attachments without
 * gaps. In the text a string stands for each, "\u0001forkscope:bytes:N" or ":string:N", numbered in
 * the order of the text. In a text with attachments a string of the program's that begins like
 * these, or like an escaped one, gets one more \u0001 in front. The receiver trusts no length:
 * their sum must be what came.
 */
#ifndef FORKSCOPE_VALUE_ATTACHMENTS_H
#define FORKSCOPE_VALUE_ATTACHMENTS_H

#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string of this length is attached; a shorter one is part of the text. */
enum { PROCSPAWN__STRING_ATTACHED = 4096 };

enum procspawn__attachment_kind {
    PROCSPAWN__ATTACHED_NONE,
    PROCSPAWN__ATTACHED_BYTES,
    PROCSPAWN__ATTACHED_STRING
};

const char *procspawn__attachment_name(enum procspawn__attachment_kind kind);
/* Returns NONE for an unknown name. */
enum procspawn__attachment_kind procspawn__attachment_by_name(const char *name);

/*
 * Returns how a value is attached, and the string with its contents, borrowed. NONE: it is part of
 * the text.
 */
enum procspawn__attachment_kind procspawn__attachment_of(const json_t *value,
                                                         const json_t **ret_string);

/* ---- out ---- */

/* Attachments to be sent, borrowed from the value. {0}: none. */
struct procspawn__attachments {
    struct wire_part *parts;    /* from malloc */
    size_t count;
    size_t capacity;
    size_t bytes;               /* their sum */
};

/* Appends the contents of a string. Returns 0 or -ENOMEM. */
int procspawn__attachments_add(struct procspawn__attachments *attachments, const json_t *string);

/* ---- in ---- */

/* Received attachments: untrusted. They are taken in order. {0}: none. */
struct procspawn__attached {
    const unsigned char *lengths;
    size_t count;
    const unsigned char *bytes; /* of the next one */
    size_t next;
};

/*
 * Reads `count` attachments in `length` bytes, and adds to *ret_footprint what they take when
 * decoded. Returns 0, or -EPROTO if the lengths do not match.
 */
int procspawn__attached_read(const void *bytes, size_t length, size_t count,
                             struct procspawn__attached *ret_attached, uint64_t *ret_footprint);

/*
 * Makes a value of the next attachment, whose number must be `index`. Returns 0 and a new
 * reference; -EPROTO for another index or kind; PROCSPAWN_EJSON for a string that is not UTF-8; or
 * -ENOMEM.
 */
int procspawn__attached_take(struct procspawn__attached *attached, size_t index,
                             enum procspawn__attachment_kind kind, json_t **ret_value);

/* Were all taken? */
bool procspawn__attached_is_used_up(const struct procspawn__attached *attached);

#endif
