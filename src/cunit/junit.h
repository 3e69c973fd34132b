/*
 * junit.h - the results as JUnit XML
 */
#ifndef FORKSCOPE_CUNIT_JUNIT_H
#define FORKSCOPE_CUNIT_JUNIT_H

#include <stdio.h>

#include "src/cunit/case.h"
#include "src/cunit/result.h"

/*
 * A file that is written case by case. The counts come first in the XML, so the cases are kept in
 * memory until the end.
 */
struct junit {
    FILE *file; /* NULL: no file */
    FILE *body; /* a stream that writes to `text` */
    char *text;
    size_t size;
};

/* Returns 0 or a negative errno. `path` NULL: all further calls do nothing. */
int procspawn__cunit_junit_begin(struct junit *junit, const char *path);
void procspawn__cunit_junit_case(struct junit *junit, const struct test_case *test_case,
                                 const struct result *result);
/*
 * Writes the file and frees. Returns 0, or a negative errno if the file could not be written in
 * full.
 */
int procspawn__cunit_junit_end(struct junit *junit, unsigned long passed, unsigned long failed);

#endif
