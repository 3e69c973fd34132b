/*
 * attachments.c - which values are attached; the list to be sent; the received ones
 */
#include "src/value/attachments.h"

#include "src/base/utf8.h"
#include "src/value/bytes.h"
#include "src/value/footprint.h"
#include <errno.h>
#include <forkscope/error.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [PROCSPAWN__ATTACHED_BYTES] = "bytes",
    [PROCSPAWN__ATTACHED_STRING] = "string",
};

const char *procspawn__attachment_name(enum procspawn__attachment_kind kind)
{
    return names[kind];
}

enum procspawn__attachment_kind procspawn__attachment_by_name(const char *name)
{
    for (int kind = PROCSPAWN__ATTACHED_BYTES; kind <= PROCSPAWN__ATTACHED_STRING; kind++) {
        if (strcmp(name, names[kind]) == 0)
            return (enum procspawn__attachment_kind)kind;
    }
    return PROCSPAWN__ATTACHED_NONE;
}

enum procspawn__attachment_kind procspawn__attachment_of(const json_t *value,
                                                         const json_t **ret_string)
{
    if (json_is_string(value)) {
        *ret_string = value;
        return json_string_length(value) >= PROCSPAWN__STRING_ATTACHED ? PROCSPAWN__ATTACHED_STRING
                                                                       : PROCSPAWN__ATTACHED_NONE;
    }
    *ret_string = json_is_object(value) ? procspawn__bytes_string(value) : NULL;
    return *ret_string ? PROCSPAWN__ATTACHED_BYTES : PROCSPAWN__ATTACHED_NONE;
}

/* ---- out ---- */

static int make_room(struct procspawn__attachments *attachments)
{
    enum { FIRST = 8 };

    if (attachments->count < attachments->capacity)
        return 0;
    size_t capacity = attachments->capacity > 0 ? 2 * attachments->capacity : FIRST;
    struct wire_part *parts = realloc(attachments->parts, capacity * sizeof *parts);
    if (!parts)
        return -ENOMEM;
    attachments->parts = parts;
    attachments->capacity = capacity;
    return 0;
}

int procspawn__attachments_add(struct procspawn__attachments *attachments, const json_t *string)
{
    const struct wire_part part = { json_string_value(string), json_string_length(string) };
    int rc = make_room(attachments);

    if (rc < 0)
        return rc;
    attachments->parts[attachments->count++] = part;
    attachments->bytes += part.length;
    return 0;
}

/* ---- in ---- */

static uint64_t length_at(const unsigned char *lengths, size_t index)
{
    uint64_t length;

    memcpy(&length, lengths + index * sizeof length, sizeof length);
    return length;
}

int procspawn__attached_read(const void *bytes, size_t length, size_t count,
                             struct procspawn__attached *ret_attached, uint64_t *ret_footprint)
{
    const unsigned char *lengths = bytes;

    if (count > length / sizeof(uint64_t))
        return -EPROTO;
    size_t rest = length - count * sizeof(uint64_t);
    for (size_t i = 0; i < count; i++) {
        uint64_t one = length_at(lengths, i);
        if (one > rest)
            return -EPROTO;
        rest -= one;
        *ret_footprint += procspawn__attachment_footprint(one);
    }
    if (rest > 0)
        return -EPROTO;
    *ret_attached = (struct procspawn__attached){
        .lengths = lengths,
        .count = count,
        .bytes = lengths + count * sizeof(uint64_t),
    };
    return 0;
}

int procspawn__attached_take(struct procspawn__attached *attached, size_t index,
                             enum procspawn__attachment_kind kind, json_t **ret_value)
{
    if (kind == PROCSPAWN__ATTACHED_NONE || index != attached->next || index >= attached->count)
        return -EPROTO;
    const char *bytes = (const char *)attached->bytes;
    size_t length = length_at(attached->lengths, index);
    if (kind == PROCSPAWN__ATTACHED_STRING && !base__is_utf8(bytes, length))
        return PROCSPAWN_EJSON;
    json_t *value = kind == PROCSPAWN__ATTACHED_BYTES ? procspawn_value_bytes(bytes, length)
                                                      : json_stringn_nocheck(bytes, length);
    if (!value)
        return -ENOMEM;
    attached->next++;
    attached->bytes += length;
    *ret_value = value;
    return 0;
}

bool procspawn__attached_is_used_up(const struct procspawn__attached *attached)
{
    return attached->next == attached->count;
}
