/*
 * codec.c - bounds-checked encoding and decoding
 */
#include "src/wire/codec.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t no_string = UINT32_MAX;

static bool make_room(struct wire_writer *w, size_t length)
{
    enum { FIRST = 512 };

    if (length <= w->capacity - w->length)
        return true;
    if (!w->grows || length > SIZE_MAX / 4)
        return false;
    size_t capacity = w->capacity < FIRST ? FIRST : w->capacity * 2;
    if (capacity < w->length + length)
        capacity = w->length + length;
    unsigned char *bytes = realloc(w->lent ? NULL : w->bytes, capacity);
    if (!bytes)
        return false;
    if (w->lent)
        memcpy(bytes, w->bytes, w->length);
    w->lent = false;
    w->bytes = bytes;
    w->capacity = capacity;
    return true;
}

void wire__reserve(struct wire_writer *w, size_t length)
{
    if (!w->overflow && !make_room(w, length))
        w->overflow = true;
}

void wire__put_bytes(struct wire_writer *w, const void *data, size_t length)
{
    if (w->overflow || !make_room(w, length)) {
        w->overflow = true;
        return;
    }
    if (length > 0)
        memcpy(w->bytes + w->length, data, length);
    w->length += length;
}

void wire__put_u32(struct wire_writer *w, uint32_t value)
{
    wire__put_bytes(w, &value, sizeof value);
}

void wire__put_u64(struct wire_writer *w, uint64_t value)
{
    wire__put_bytes(w, &value, sizeof value);
}

void wire__put_string_cut(struct wire_writer *w, const char *string, size_t limit)
{
    if (!string) {
        wire__put_u32(w, no_string);
        return;
    }
    size_t length = strnlen(string, limit);
    wire__put_u32(w, (uint32_t)length);
    wire__put_bytes(w, string, length);
    wire__put_bytes(w, "", 1);
}

void wire__put_string(struct wire_writer *w, const char *string)
{
    wire__put_string_cut(w, string, no_string - 1);
}

const void *wire__get_block(struct wire_reader *r, size_t length)
{
    if (r->broken || length > r->length - r->at) {
        r->broken = true;
        return NULL;
    }
    const void *block = r->bytes + r->at;
    r->at += length;
    return block;
}

void wire__get_bytes(struct wire_reader *r, void *data, size_t length)
{
    const void *block = wire__get_block(r, length);
    if (block)
        memcpy(data, block, length);
    else
        memset(data, 0, length);
}

uint32_t wire__get_u32(struct wire_reader *r)
{
    uint32_t value;
    wire__get_bytes(r, &value, sizeof value);
    return value;
}

uint64_t wire__get_u64(struct wire_reader *r)
{
    uint64_t value;
    wire__get_bytes(r, &value, sizeof value);
    return value;
}

const char *wire__get_string(struct wire_reader *r)
{
    uint32_t length = wire__get_u32(r);
    if (r->broken || length == no_string)
        return NULL;
    const char *string = wire__get_block(r, (size_t)length + 1);
    if (string && string[length] != '\0') {
        r->broken = true;
        return NULL;
    }
    return string;
}
