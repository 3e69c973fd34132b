/*
 * options.h - what the user asked for
 */
#ifndef VET_OPTIONS_H
#define VET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *parser;     /* its name */
    int jobs;               /* calls in flight */
    int64_t limit;          /* of a call, in nanoseconds */
    bool json;              /* one JSON document instead of lines */
    bool quiet;             /* the summary alone */
    char **paths;           /* files and directories */
    size_t count;           /* of paths */
};

/* Reads the command line; on a bad one, and for --help, it prints and exits. */
void options_parse(int argc, char **argv, struct options *ret_options);

#endif
