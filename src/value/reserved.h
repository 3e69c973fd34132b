/*
 * reserved.h - keys and strings that mean something to the library on the wire
 */
#ifndef FORKSCOPE_VALUE_RESERVED_H
#define FORKSCOPE_VALUE_RESERVED_H

#include <jansson.h>
#include <stdbool.h>

#define PROCSPAWN__RESERVED_NAME "forkscope"
#define PROCSPAWN__RESERVED_KEY "\001" PROCSPAWN__RESERVED_NAME

/*
 * Returns whether the key is the one of placeholders, with or without more \001 in front. For most
 * keys the first byte decides.
 */
bool procspawn__key_is_reserved(const char *key);

/* The same for strings that begin with it. False for other values. */
bool procspawn__string_is_reserved(const json_t *value);

/* Returns a new object that has this key and this text, which is ASCII; NULL: out of memory. */
json_t *procspawn__reserved_object(const char *text);

/* Is it one that has no more \001 in front? The string is reserved. */
bool procspawn__string_is_unescaped(const char *string);

#endif
