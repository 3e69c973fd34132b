/*
 * source.h - lines of a source file
 */
#ifndef FORKSCOPE_DEBUG_SOURCE_H
#define FORKSCOPE_DEBUG_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { SOURCE_LINES = 3, SOURCE_TEXT = 160 };    /* longer lines are cut */

struct source {
    uint32_t first;    /* number of the first line */
    uint32_t count;
    char text[SOURCE_LINES][SOURCE_TEXT];    /* tabs are spaces; without the line's end */
};

/*
 * Reads a line, the one before and the one behind it. Only a regular file is read, that can be
 * opened with the present rights and has not been changed after `newest`. Returns the number of
 * lines; 0: there is no such line.
 */
size_t debug__source_read(struct source *ret_source, const char *path, uint32_t line,
                          const struct timespec *newest);

#endif
