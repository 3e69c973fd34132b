#include "examples/vet/name.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each byte becomes the character of that number: bytes from 128 on take two bytes of UTF-8. */
json_t *name_pack(const char *name)
{
    char *packed = malloc(2 * strlen(name) + 1);
    if (!packed)
        return NULL;
    size_t length = 0;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c >= 0x80)
            packed[length++] = (char)(0xc0 | *c >> 6);
        packed[length++] = (char)(*c >= 0x80 ? 0x80 | (*c & 0x3f) : *c);
    }
    json_t *value = json_stringn(packed, length);
    free(packed);
    return value;
}

char *name_unpack(const json_t *value)
{
    const char *packed = json_string_value(value);
    char *name = packed ? malloc(strlen(packed) + 1) : NULL;
    if (!name)
        return NULL;
    char *to = name;
    for (const unsigned char *c = (const unsigned char *)packed; *c; c++) {
        if (*c >= 0xc4) {
            free(name);
            return NULL;
        }
        if (*c >= 0xc0) {
            *to++ = (char)(c[0] << 6 | (c[1] & 0x3f));
            c++;
        } else {
            *to++ = (char)*c;
        }
    }
    *to = '\0';
    return name;
}

static bool is_utf8(const char *name)
{
    json_t *value = json_string(name);
    json_decref(value);
    return value != NULL;
}

char *name_printable(const char *name)
{
    unsigned char last = is_utf8(name) ? 0xff : 0x7e;
    char *text = malloc(4 * strlen(name) + 1);
    if (!text)
        return NULL;
    char *to = text;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || *c > last)
            to += sprintf(to, "\\x%02x", *c);
        else
            *to++ = (char)*c;
    }
    *to = '\0';
    return text;
}
