/*
 * parse_jansson.c - jansson as a parser for vet
 *
 * Any value may be a document, a name may stand only once in an object, and strings may contain
 * NUL.
 */
#include "examples/vet/parser.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void complain(const json_error_t *error, struct complaint *ret_complaint)
{
    ret_complaint->line = error->line < 1 ? 1 : error->line;
    ret_complaint->column = error->column < 1 ? 1 : error->column;
    snprintf(ret_complaint->message, sizeof ret_complaint->message, "%s", error->text);
    /* What stands there can be long, and any bytes at all; the place says enough. */
    char *near = strstr(ret_complaint->message, " near '");
    if (near)
        *near = '\0';
}

bool parse_jansson(const char *text, size_t length, struct complaint *ret_complaint)
{
    json_error_t error;
    json_t *value = json_loadb(text, length,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!value) {
        complain(&error, ret_complaint);
        return false;
    }
    json_decref(value);
    return true;
}
