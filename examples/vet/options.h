/*
 * options.h - what the user asked for
 */
#ifndef VET_OPTIONS_H
#define VET_OPTIONS_H

#include <forkscope/sandbox.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *parser;     /* its name */
    int jobs;               /* calls in flight */
    int64_t limit;          /* of a call, in nanoseconds */
    enum procspawn_sandbox sandbox;
    char **reads;           /* what a parser may read beside its file */
    size_t read_count;
    uint64_t memory;        /* that a parser may use, in bytes */
    bool json;              /* one JSON document instead of lines */
    bool quiet;             /* the summary alone */
    char **paths;           /* files and directories */
    size_t count;           /* of paths */
};

/* Reads the command line; on a bad one, and for --help, it prints and exits. */
void options_parse(int argc, char **argv, struct options *ret_options);
void options_fini(struct options *options);

/* "none", "compute", "files". */
const char *options_sandbox_name(const struct options *options);

#endif
