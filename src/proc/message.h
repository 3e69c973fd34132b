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

#include "src/proc/held.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include <jansson.h>

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

/* A value as it came: hostile text, and the frame that has its descriptors from number first on. */
struct procspawn__arrival {
    const void *text;
    size_t length;
    bool marked;
    struct wire_frame *frame;
    size_t first;
    struct procspawn__holder *holder;       /* gets what the placeholders stand for */
};

/*
 * Reads it. Returns 0 and a new reference; PROCSPAWN_EJSON for a text that is none (ret_error is
 * filled); -EPROTO for placeholders that do not fit the descriptors; or -ENOMEM.
 */
int procspawn__message_decode(const struct procspawn__arrival *arrival, json_t **ret_value,
                              json_error_t *ret_error);

/* ---- the same in a frame of its own: struct wire_value, the text, the descriptors ---- */

/* Returns 0, -EAGAIN if dont_wait, -EPIPE, or another errno. May be repeated. */
int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait);

/* As procspawn__message_decode, and -EPROTO or -errno for a frame or memfd that cannot be read. */
int procspawn__message_read(struct wire_frame *frame, struct procspawn__holder *holder,
                            json_t **ret_value, json_error_t *ret_error);

#endif
