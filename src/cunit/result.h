/*
 * result.h - what a test's run came to
 */
#ifndef FORKSCOPE_CUNIT_RESULT_H
#define FORKSCOPE_CUNIT_RESULT_H

#include <stddef.h>
#include <stdint.h>

struct failure {
    char *file; /* new; "": none */
    unsigned line;
    char *text; /* new */
};

struct result {
    struct failure *failures; /* new; `count` of them */
    size_t count;
    unsigned assertions;
    char *details; /* new, or NULL: stacks, as indented lines */
    int64_t ns;    /* duration in nanoseconds */
};

/*
 * Adds a failure; copies both strings. Aborts without memory: a runner that cannot record a failure
 * must not report success.
 */
void procspawn__cunit_result_fail(struct result *result, const char *file, unsigned line,
                                  const char *text);
void procspawn__cunit_result_clear(struct result *result);

#endif
