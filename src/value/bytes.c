/*
 * bytes.c - makes and reads bytes values
 */
#include "src/value/bytes.h"

#include "src/value/reserved.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "\xff";
static const char bytes_key[] = "bytes";

const json_t *procspawn__bytes_string(const json_t *value)
{
    /* Every object of a value is asked, so the size comes first. */
    if (json_object_size(value) != 2)
        return NULL;
    const json_t *found = json_object_get(value, PROCSPAWN__RESERVED_KEY);
    if (json_string_length(found) != sizeof mark - 1 ||
        memcmp(json_string_value(found), mark, sizeof mark - 1) != 0)
        return NULL;
    const json_t *string = json_object_get(value, bytes_key);
    return json_is_string(string) ? string : NULL;
}

json_t *procspawn_value_bytes(const void *data, size_t size)
{
    json_t *value = json_object();
    json_t *string = json_stringn_nocheck(size > 0 ? data : "", size);
    json_t *marking = json_stringn_nocheck(mark, sizeof mark - 1);

    /* The setters take the strings, also when they fail. */
    int rc = json_object_set_new_nocheck(value, PROCSPAWN__RESERVED_KEY, marking);
    rc |= json_object_set_new_nocheck(value, bytes_key, string);
    if (rc == 0)
        return value;
    json_decref(value);
    return NULL;
}

json_t *procspawn_value_bytes_take(void *data, size_t size)
{
    json_t *value = procspawn_value_bytes(data, size);

    free(data);
    return value;
}

const void *procspawn_bytes_value(const json_t *value)
{
    return json_string_value(procspawn__bytes_string(value));
}

size_t procspawn_bytes_length(const json_t *value)
{
    return json_string_length(procspawn__bytes_string(value));
}
