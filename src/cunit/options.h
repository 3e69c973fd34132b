/*
 * options.h - the command line of a test program
 */
#ifndef FORKSCOPE_CUNIT_OPTIONS_H
#define FORKSCOPE_CUNIT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    bool list, no_fork;
    long repeat;       /* at least 1 */
    int64_t limit;     /* nanoseconds; -1 when not given */
    const char *junit; /* borrowed from argv; NULL when not given */
    char **patterns;   /* borrowed from argv */
    int pattern_count;
};

/*
 * Returns 0 or a negative errno. As usual with argp, --help ends the program, and a bad argument
 * ends it with status 2.
 */
int procspawn__cunit_options(int argc, char **argv, struct options *ret_options);

/* Returns whether suite/test is selected. */
bool procspawn__cunit_options_match(const struct options *options, const char *suite,
                                    const char *test);

#endif
