/*
 * report_file.h - the reports that the unwinder writes of one process, one behind the other
 *
 * The first has all that needs no foreign libraries. What follows has more, and may be missing or
 * broken, because the unwinder has not survived it. The last whole report counts.
 */
#ifndef FORKSCOPE_CRASH_REPORT_FILE_H
#define FORKSCOPE_CRASH_REPORT_FILE_H

#include "src/crash/backtrace.h"

#include <stddef.h>

enum { REPORT_FILE_REPORTS = 3, REPORT_FILE_BYTES = REPORT_FILE_REPORTS * (BACKTRACE_BYTES + 4) };

/* Writes one more, to a pipe or at the end of a file. Returns 0 or a negative errno value. */
int crash__report_file_add(const struct backtrace *trace, int fd);

/* The last whole report in the bytes, as crash__backtrace_decode(). */
int crash__report_file_last(const unsigned char *bytes, size_t size, struct backtrace *ret_trace);

#endif
