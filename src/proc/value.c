/*
 * value.c - JSON values to text and back
 */
#include "src/proc/internal.h"

#include <errno.h>

enum { DEPTH_MAX = 2048 };

/*
 * jansson reads no deeper than this; what is deeper would be found on the other side only. The walk also
 * ends in a value that contains itself.
 */
static bool too_deep(const json_t *value, unsigned depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (!json_is_array(value) && !json_is_object(value))
        return false;
    if (depth >= DEPTH_MAX)
        return true;
    if (json_is_array(value)) {
        json_array_foreach((json_t *)(uintptr_t)value, i, item) {
            if (too_deep(item, depth + 1))
                return true;
        }
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        if (too_deep(item, depth + 1))
            return true;
    }
    return false;
}

static int append(const char *text, size_t length, void *writer)
{
    wire__put_bytes(writer, text, length);
    return ((struct wire_writer *)writer)->overflow ? -1 : 0;
}

int procspawn__value_encode(const json_t *value, struct wire_writer *text)
{
    if (too_deep(value, 0))
        return PROCSPAWN_EJSON;
    if (json_dump_callback(value, append, text, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return 0;
    return text->overflow ? -ENOMEM : PROCSPAWN_EJSON;
}

json_t *procspawn__value_decode(const void *text, size_t length, json_error_t *ret_error)
{
    return json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, ret_error);
}
