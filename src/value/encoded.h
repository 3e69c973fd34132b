/*
 * encoded.h - a received result or value, not decoded yet: text, attachments, descriptors
 *
 * It is taken out of its frame on receipt and decoded when the program asks for it, perhaps much
 * later. Until then it costs memory, and only those descriptors that the placeholders in the text
 * name. What is in a memfd is copied, or mapped if it is long. If there is no memory for that, the
 * memfd is kept, with all descriptors, until the value is decoded. What is in a standing buffer is
 * copied before anything of it is read.
 */
#ifndef FORKSCOPE_VALUE_ENCODED_H
#define FORKSCOPE_VALUE_ENCODED_H

#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/standing.h"
#include <jansson.h>
#include <stdbool.h>

struct procspawn__encoded;

/* Where a worker may lay its results, and memory for a copy, taken before one is received. */
struct procspawn__result_buffer {
    struct wire_standing standing;
    struct procspawn__encoded *copy;        /* NULL: none yet */
};

#define PROCSPAWN__NO_RESULT_BUFFER ((struct procspawn__result_buffer){ WIRE_STANDING_NONE, NULL })

/* Takes the memory for a copy, if there is a buffer. Returns false without memory. */
bool procspawn__result_buffer_prepare(struct procspawn__result_buffer *results);
void procspawn__result_buffer_close(struct procspawn__result_buffer *results);

/*
 * Returns a buffer for a message and an encoded value at a time, so that taking in a message cannot
 * fail for lack of memory; NULL: out of memory. Freed by free(). The body is where to receive the
 * message: WIRE_MAX_BODY bytes in the buffer.
 */
struct procspawn__encoded *procspawn__encoded_buffer(void);
void *procspawn__encoded_body(struct procspawn__encoded *buffer);

/*
 * Makes an encoded value from a RESULT or VALUE. The frame keeps the descriptors that the text does
 * not name. limit (copied): the largest value that may be decoded. It is made in the buffer, and
 * its text may stay in the frame's body: until it is freed or moved out, neither may be used for
 * another message. Returns 0; -EPROTO for a malformed frame or memfd; PROCSPAWN_ELIMIT for a text
 * longer than limit->bytes; or another errno, but not -ENOMEM. results: where a text in a standing
 * buffer lies; its copy becomes the encoded value. NULL: there is none.
 */
int procspawn__encoded_new(struct wire_frame *frame, const procspawn__limit *limit,
                           struct procspawn__result_buffer *results,
                           struct procspawn__encoded *buffer,
                           struct procspawn__encoded **ret_encoded);
/*
 * Moves an encoded value out of the buffer in which its message was received. Without memory for
 * that the buffer belongs to it, and *buffer is NULL.
 */
void procspawn__encoded_move_out(struct procspawn__encoded **encoded,
                                 struct procspawn__encoded **buffer);
/*
 * Free an encoded value; NULL does nothing. The second leaves its descriptors open, for a process
 * that is a copy: there the numbers belong to the parent process.
 */
void procspawn__encoded_free(struct procspawn__encoded *encoded);
void procspawn__encoded_forget(struct procspawn__encoded *encoded);

/*
 * Decodes as procspawn__message_decode does; stop: as in struct procspawn__received_value. After
 * -ENOMEM the caller may try again.
 */
int procspawn__encoded_decode(struct procspawn__encoded *encoded,
                              struct procspawn__fd_owner *fd_owner, const bool *stop,
                              json_t **ret_value, json_error_t *ret_error);
/* Of its text and its attachments, in bytes. */
size_t procspawn__encoded_length(const struct procspawn__encoded *encoded);

#endif
