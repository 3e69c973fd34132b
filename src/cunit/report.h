/*
 * report.h - results as text on stdout
 */
#ifndef FORKSCOPE_CUNIT_REPORT_H
#define FORKSCOPE_CUNIT_REPORT_H

#include "src/cunit/case.h"
#include "src/cunit/result.h"

/* Prints a line for the test, one for each failure, and the details. */
void procspawn__cunit_report_case(const struct test_case *test_case, const struct result *result);
/* Prints the closing line. Nothing is printed after it. */
void procspawn__cunit_report_end(unsigned long passed, unsigned long failed);

#endif
