/*
 * name.h - file names, which are any bytes, as text
 */
#ifndef VET_NAME_H
#define VET_NAME_H

/*
 * A name (or any other string of unknown origin) for people: control characters, and all bytes that
 * are no UTF-8, are written as \xNN. A new string, NULL when out of memory.
 */
char *name_printable(const char *name);

#endif
