/*
 * system_call.h - system calls in words: their names, their arguments, their text for people
 *
 * The table has the system calls that the C library's headers knew when the library was written,
 * on this processor.
 */
#ifndef FORKSCOPE_BASE_SYSTEM_CALL_H
#define FORKSCOPE_BASE_SYSTEM_CALL_H

#include <stddef.h>
#include <stdint.h>

enum { BASE_SYSTEM_CALL_ARGUMENTS = 6, BASE_SYSTEM_CALL_PATH = 256, BASE_SYSTEM_CALL_TEXT = 640 };

struct base__system_call {
    const char *name;
    const char *arguments;      /* a letter for each, see system_call.c */
};

/* NULL: no system call of this number is known. */
const struct base__system_call *base__system_call(long number);

/* Which argument is a path or another text: its index; -1: none. The first, if there are two. */
int base__system_call_path(long number);

/*
 * Writes the call as C: openat(AT_FDCWD, "/etc/passwd", O_RDONLY). A path (NULL: not known) stands
 * for its address; control characters in it are not changed.
 */
void base__system_call_print(long number, const uint64_t argument[BASE_SYSTEM_CALL_ARGUMENTS],
                             const char *path, char ret_text[BASE_SYSTEM_CALL_TEXT]);

#endif
