/*
 * reserved.c - keys and strings that mean something to the library on the wire
 */
#include "src/value/reserved.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* Returns where the name should be; NULL: it cannot be there. */
static const char *behind_escapes(const char *text)
{
    return *text == PROCSPAWN__RESERVED_KEY[0] ? text + strspn(text, "\001") : NULL;
}

bool procspawn__key_is_reserved(const char *key)
{
    const char *name = behind_escapes(key);
    return name && strcmp(name, PROCSPAWN__RESERVED_NAME) == 0;
}

bool procspawn__string_is_reserved(const json_t *value)
{
    const char *name = json_is_string(value) ? behind_escapes(json_string_value(value)) : NULL;

    return name &&
           strncmp(name, PROCSPAWN__RESERVED_NAME, sizeof PROCSPAWN__RESERVED_NAME - 1) == 0;
}

json_t *procspawn__reserved_object(const char *text)
{
    json_t *object = json_object();

    if (json_object_set_new_nocheck(object, PROCSPAWN__RESERVED_KEY,
                                    json_string_nocheck(text)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

bool procspawn__string_is_unescaped(const char *string)
{
    return string[1] != PROCSPAWN__RESERVED_KEY[0];
}
