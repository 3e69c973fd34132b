#include "examples/vet/name.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
