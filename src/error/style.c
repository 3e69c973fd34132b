/*
 * style.c - colours of what is printed to a terminal
 */
#include "src/error/style.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_set(const char *text)
{
    return text && *text != '\0';
}

/* A stream without a descriptor, as one of open_memstream(3), has -1. */
static bool has_colours(FILE *stream)
{
    int error = errno;
    int fd = fileno(stream);
    bool is_terminal = fd >= 0 && isatty(fd);

    errno = error;
    if (!is_terminal || is_set(getenv("NO_COLOR")))
        return false;
    const char *type = getenv("TERM");
    return is_set(type) && strcmp(type, "dumb") != 0;
}

void procspawn__style_begin(FILE *stream, enum procspawn__style style)
{
    static const char *const codes[] = {
        [PROCSPAWN__STYLE_ERROR] = "\033[1;31m",    /* bold, red */
        [PROCSPAWN__STYLE_LINE] = "\033[1m",        /* bold */
        [PROCSPAWN__STYLE_MISSING] = "\033[33m",    /* yellow */
    };

    if (has_colours(stream))
        fputs(codes[style], stream);
}

void procspawn__style_end(FILE *stream)
{
    if (has_colours(stream))
        fputs("\033[0m", stream);
}
