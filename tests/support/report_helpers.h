/*
 * report_helpers.h - what the tests of reports share: functions that crash, and what is told of
 * them
 */
#ifndef FORKSCOPE_SUPPORT_REPORT_HELPERS_H
#define FORKSCOPE_SUPPORT_REPORT_HELPERS_H

#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"

#include <sys/types.h>

/*
 * Functions to call. A backtrace of the first shows report_write_nowhere and report_crashes, one of
 * the second report_recurse.
 */
json_t *report_crashes(json_t *argument);
json_t *report_overflows(json_t *argument);

FRAME void report_write_nowhere(void);
FRAME unsigned long report_recurse(volatile unsigned long depth);

/* It must fail within a time that is long for a report, and short for a test. */
procspawn_error *report_error_of_call(procspawn_handle *handle);

/* Starts the call, whose error it returns. */
procspawn_error *report_error(procspawn_builder *builder, procspawn_function *function,
                              json_t *argument);

/* The same without an argument, a core file or what it prints to stderr. */
procspawn_error *report_silent_error(procspawn_function *function);

/* Whether a frame has this name. */
bool report_has_symbol(const procspawn_error *error, const char *name);

/* Check how a call ended; free the error. */
void report_check_signal(procspawn_error *error, int signal);
void report_check_overflow(procspawn_error *error);

/* Returns the letter of /proc/PID/stat. */
char report_state(pid_t pid);

/* Waits until the process is stopped, and asserts that it is. */
void report_wait_for_stop(pid_t pid);

/* calls_begin and calls_end for tests that withhold pages. */
void report_begin_withheld(void);
void report_end_withheld(void);

/* The servers serve others meanwhile: as many calls as take turns through all of them. */
void report_check_others(void);

#endif
