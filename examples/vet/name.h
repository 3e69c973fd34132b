/*
 * name.h - file names, which are any bytes, as text
 */
#ifndef VET_NAME_H
#define VET_NAME_H

#include <jansson.h>

/*
 * A name as a JSON value that keeps every byte, and back. name_pack gives a new reference,
 * name_unpack a new string; both NULL when out of memory, the latter also for a value that
 * name_pack cannot have made.
 */
json_t *name_pack(const char *name);
char *name_unpack(const json_t *value);

/*
 * A name (or any other string of unknown origin) for people: control characters, and all bytes that
 * are no UTF-8, are written as \xNN. A new string, NULL when out of memory.
 */
char *name_printable(const char *name);

#endif
