/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP to the runner: the running test and its processes are
 * ended first
 */
#ifndef FORKSCOPE_CUNIT_INTERRUPT_H
#define FORKSCOPE_CUNIT_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <time.h>

/* Blocks the three signals. They are handled only in procspawn__cunit_interrupt_ppoll. */
void procspawn__cunit_interrupt_begin(void);
/*
 * Restores the previous handlers and mask. If one of the signals came, it is raised, which ends the
 * runner.
 */
void procspawn__cunit_interrupt_end(void);
/* Called in the test's process: restores the previous handlers and mask. */
void procspawn__cunit_interrupt_forget(void);

bool procspawn__cunit_interrupted(void);
/* ppoll of one descriptor; the signals are unblocked meanwhile. */
int procspawn__cunit_interrupt_ppoll(struct pollfd *event, const struct timespec *timeout);

#endif
