/*
 * codec.h - values to bytes and back, without any input or output
 *
 * A writer appends to memory of the caller or, if it grows, to memory of its own. A reader decodes
 * bytes that may be hostile. Both keep the first error, after which every call does nothing. So the
 * caller writes or reads a whole message and checks once at the end.
 */
#ifndef FORKSCOPE_WIRE_CODEC_H
#define FORKSCOPE_WIRE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    unsigned char *bytes;       /* growing writer: from malloc, the caller frees it */
    size_t capacity;
    size_t length;
    bool grows;
    bool lent;                 /* bytes belongs to the caller until the writer grows: do not free */
    bool overflow;              /* no room or no memory; nothing more is written */
};

struct wire_reader {
    const unsigned char *bytes;
    size_t length;
    size_t at;
    bool broken;
};

/* Makes room for this many bytes at once. */
void wire__reserve(struct wire_writer *w, size_t length);
void wire__put_bytes(struct wire_writer *w, const void *data, size_t length);
void wire__put_u32(struct wire_writer *w, uint32_t value);
void wire__put_u64(struct wire_writer *w, uint64_t value);
/* A string with its length before it and a NUL behind it. NULL and "" stay distinct. */
void wire__put_string(struct wire_writer *w, const char *string);
/* As wire__put_string, cut to at most limit bytes. */
void wire__put_string_cut(struct wire_writer *w, const char *string, size_t limit);

void wire__get_bytes(struct wire_reader *r, void *data, size_t length);
uint32_t wire__get_u32(struct wire_reader *r);
uint64_t wire__get_u64(struct wire_reader *r);
/*
 * Returns a string inside the reader's bytes, NUL-terminated; NULL if NULL was put, or when broken.
 */
const char *wire__get_string(struct wire_reader *r);
/* Returns the next length bytes, borrowed; NULL if there are fewer. */
const void *wire__get_block(struct wire_reader *r, size_t length);

#endif
