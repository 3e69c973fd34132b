/*
 * message.h - a JSON value on its way, with the descriptors that it speaks of
 *
 * On the wire a placeholder is {"\u0001forkscope": "kind:index"}, the index counting the
 * descriptors that travel beside the text; keys of the user's that could be mistaken for this one
 * get one more \u0001 in front. A value without any such key is sent as it is, and not looked
 * through on arrival.
 */
#ifndef FORKSCOPE_PROC_MESSAGE_H
#define FORKSCOPE_PROC_MESSAGE_H

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
    bool marked;                            /* there are placeholders or keys like theirs */
    int memfd;                              /* the text, once sent, if it is long; else -1 */
    size_t fd_count;
    int fds[PROCSPAWN_DESCRIPTORS_MAX];     /* owned */
};

void procspawn__message_init(struct procspawn__message *message);
void procspawn__message_fini(struct procspawn__message *message);

/*
 * Writes the value into an empty message. Returns 0; PROCSPAWN_EJSON; PROCSPAWN_EVALUE for a
 * placeholder that stands for nothing; PROCSPAWN_EDESCRIPTORS for too many; -EBADF for a descriptor
 * that is not open; -ENOMEM or -EMFILE.
 */
int procspawn__message_encode(struct procspawn__message *message, const json_t *value);

/* A value as it came: hostile text, and the descriptors that it can name, each -1 when taken. */
struct procspawn__arrival {
    const void *text;
    size_t length;
    bool marked;
    int *fds;
    size_t fd_count;
    struct procspawn__holder *holder;       /* gets what the placeholders stand for */
    const procspawn__limit *limit;          /* NULL: as much as jansson takes */
};

/*
 * Reads it. Returns 0 and a new reference; PROCSPAWN_EJSON for a text that is none,
 * PROCSPAWN_ELIMIT for a value that is over the limit (ret_error has the words for both); -EPROTO
 * for placeholders that do not fit the descriptors; or -ENOMEM.
 */
int procspawn__message_decode(const struct procspawn__arrival *arrival, json_t **ret_value,
                              json_error_t *ret_error);

/* Is the text that of null, which most calls return? */
bool procspawn__text_is_null(const void *text, size_t length);

/*
 * Sends a message in a frame of its own: struct wire_value, the text, the descriptors (parcel.h is
 * the other side). Returns 0, -EAGAIN if dont_wait, -EPIPE, or another errno. May be repeated.
 */
int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait);

#endif
