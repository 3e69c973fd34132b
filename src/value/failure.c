/*
 * failure.c - what a called function says of its failure, as a value on its way to the caller
 */
#include "src/value/failure.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void procspawn__failure_fini(struct procspawn__failure *failure)
{
    free(failure->message);
    free(failure->file);
    free(failure->function);
    free(failure->type);
    json_decref(failure->detail);
    *failure = (struct procspawn__failure){ 0 };
}

/* ---- out ---- */

/* One character for each byte. NULL: out of memory. */
static json_t *pack_bytes(const char *bytes)
{
    size_t length = 0;
    char *text = malloc(2 * strlen(bytes) + 1);

    if (!text)
        return NULL;
    for (const unsigned char *at = (const unsigned char *)bytes; *at != '\0'; at++) {
        if (*at >= 0x80)
            text[length++] = (char)(0xc0 | *at >> 6);
        text[length++] = (char)(*at >= 0x80 ? 0x80 | (*at & 0x3f) : *at);
    }
    json_t *string = json_stringn_nocheck(text, length);
    free(text);
    return string;
}

static bool set_bytes(json_t *object, const char *key, const char *bytes)
{
    return !bytes || json_object_set_new(object, key, pack_bytes(bytes)) == 0;
}

static bool fill(json_t *object, const struct procspawn__failure *failure)
{
    return failure->message && set_bytes(object, "message", failure->message) &&
           set_bytes(object, "file", failure->file) &&
           json_object_set_new(object, "line", json_integer(failure->line)) == 0 &&
           set_bytes(object, "function", failure->function) &&
           set_bytes(object, "type", failure->type) &&
           (!failure->detail || json_object_set(object, "detail", failure->detail) == 0);
}

json_t *procspawn__failure_pack(const struct procspawn__failure *failure)
{
    json_t *object = json_object();

    if (!object || fill(object, failure))
        return object;
    json_decref(object);
    return NULL;
}

/* ---- in ---- */

/* Returns the byte at *at and goes on; -1: the character is none, or 0. */
static int take_byte(const unsigned char **at)
{
    const unsigned char *bytes = *at;

    if (bytes[0] < 0x80) {
        *at += 1;
        return bytes[0] == 0 ? -1 : bytes[0];
    }
    if (bytes[0] != 0xc2 && bytes[0] != 0xc3)
        return -1;
    *at += 2;
    return (bytes[0] & 0x03) << 6 | (bytes[1] & 0x3f);
}

static int unpack_bytes(const json_t *string, char **ret_bytes)
{
    if (!json_is_string(string))
        return string ? -EPROTO : 0;
    const unsigned char *at = (const unsigned char *)json_string_value(string);
    const unsigned char *end = at + json_string_length(string);
    char *bytes = malloc(json_string_length(string) + 1);
    size_t length = 0;

    if (!bytes)
        return -ENOMEM;
    while (at < end) {
        int byte = take_byte(&at);
        if (byte < 0) {
            free(bytes);
            return -EPROTO;
        }
        bytes[length++] = (char)byte;
    }
    bytes[length] = '\0';
    *ret_bytes = bytes;
    return 0;
}

static int unpack_line(const json_t *line, int *ret_line)
{
    json_int_t number = json_integer_value(line);

    if (line && (!json_is_integer(line) || number < 0 || number > INT_MAX))
        return -EPROTO;
    *ret_line = (int)number;
    return 0;
}

static int unpack(const json_t *value, struct procspawn__failure *failure)
{
    int rc = unpack_bytes(json_object_get(value, "message"), &failure->message);

    if (rc == 0 && !failure->message)
        rc = -EPROTO;
    if (rc == 0)
        rc = unpack_bytes(json_object_get(value, "file"), &failure->file);
    if (rc == 0)
        rc = unpack_line(json_object_get(value, "line"), &failure->line);
    if (rc == 0)
        rc = unpack_bytes(json_object_get(value, "function"), &failure->function);
    if (rc == 0)
        rc = unpack_bytes(json_object_get(value, "type"), &failure->type);
    failure->detail = json_incref(json_object_get(value, "detail"));
    return rc;
}

int procspawn__failure_unpack(const json_t *value, struct procspawn__failure *ret_failure)
{
    *ret_failure = (struct procspawn__failure){ 0 };
    int rc = unpack(value, ret_failure);

    if (rc < 0)
        procspawn__failure_fini(ret_failure);
    return rc;
}
