/*
 * Results for people, on stdout; and for machines, as JUnit XML.
 */
#ifndef SRC_CUNIT_REPORT_H
#define SRC_CUNIT_REPORT_H

#include <stdio.h>

#include "src/cunit/case.h"

/* A line for the test, and one for each failure and each line of the details. */
void procspawn__cunit_report_case(const struct test_case *test_case, const struct result *result);
/* The closing line, after which nothing is printed. */
void procspawn__cunit_report_end(unsigned long passed, unsigned long failed);

/* A file that grows by a case at a time; its counts, which come first in XML, are filled in at the
 * end. */
struct junit {
    FILE *file; /* NULL: no file wanted */
    FILE *body; /* writes to `text` */
    char *text;
    size_t size;
};

/* Returns 0 or a negative errno. `path` NULL: all further calls do nothing. */
int procspawn__cunit_junit_begin(struct junit *junit, const char *path);
void procspawn__cunit_junit_case(struct junit *junit, const struct test_case *test_case,
                                 const struct result *result);
/* Returns 0 or a negative errno when the file could not be written in full. Frees. */
int procspawn__cunit_junit_end(struct junit *junit, unsigned long passed, unsigned long failed);

#endif
