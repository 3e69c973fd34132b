/*
 * SIGINT, SIGTERM and SIGHUP to the runner: the test that runs and all it started are ended first.
 */
#ifndef SRC_CUNIT_INTERRUPT_H
#define SRC_CUNIT_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <time.h>

/* Blocks the three signals and handles them in procspawn__cunit_interrupt_ppoll alone. */
void procspawn__cunit_interrupt_begin(void);
/* Restores what was before; dies of the signal that came, if one did. */
void procspawn__cunit_interrupt_end(void);
/* In the test's process: what was before, at once. */
void procspawn__cunit_interrupt_forget(void);

bool procspawn__cunit_interrupted(void);
/* ppoll of one descriptor, in which the signals may come. */
int procspawn__cunit_interrupt_ppoll(struct pollfd *event, const struct timespec *timeout);

#endif
