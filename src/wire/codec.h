/*
 * codec.h - values to bytes and back, without any input or output
 *
 * A writer appends to memory of the caller or, if it grows, of its own; a reader takes from bytes
 * that may be hostile. Both remember the first thing that went wrong, after which every call does
 * nothing, so that a message is written or read in a row and asked once at the end.
 */
#ifndef FORKSCOPE_WIRE_CODEC_H
#define FORKSCOPE_WIRE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    unsigned char *bytes;       /* of a growing writer: from malloc, the caller frees it */
    size_t capacity;
    size_t length;
    bool grows;
    bool lent;                  /* bytes is somebody else's, until it grows: not to be freed */
    bool overflow;              /* no room, or no memory */
};

struct wire_reader {
    const unsigned char *bytes;
    size_t length;
    size_t at;
    bool broken;
};

void wire__put_bytes(struct wire_writer *w, const void *data, size_t length);
void wire__put_u32(struct wire_writer *w, uint32_t value);
void wire__put_u64(struct wire_writer *w, uint64_t value);
/* A string with its length before it and a NUL behind; NULL is kept apart from "". */
void wire__put_string(struct wire_writer *w, const char *string);
/* The same, cut to at most limit bytes. */
void wire__put_string_cut(struct wire_writer *w, const char *string, size_t limit);

void wire__get_bytes(struct wire_reader *r, void *data, size_t length);
uint32_t wire__get_u32(struct wire_reader *r);
uint64_t wire__get_u64(struct wire_reader *r);
/* Borrowed from the reader's bytes, NUL-terminated; NULL for a NULL that was put, or when
 * broken. */
const char *wire__get_string(struct wire_reader *r);
/* The next length bytes, borrowed; NULL when there are not as many. */
const void *wire__get_block(struct wire_reader *r, size_t length);

#endif
