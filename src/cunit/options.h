/*
 * The command line of a test program.
 */
#ifndef SRC_CUNIT_OPTIONS_H
#define SRC_CUNIT_OPTIONS_H

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

/* Returns 0 or a negative errno. As argp does, ends the program after --help, and with status 2
 * after a bad argument. */
int procspawn__cunit_options(int argc, char **argv, struct options *ret_options);

/* Whether suite/test is one to run. */
bool procspawn__cunit_options_match(const struct options *options, const char *suite,
                                    const char *test);

#endif
