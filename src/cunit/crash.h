/*
 * The signal handlers of a test's process: they note the stack of the thread that gets a deadly
 * signal, and the stack of a thread the runner asks when the time is up.
 */
#ifndef SRC_CUNIT_CRASH_H
#define SRC_CUNIT_CRASH_H

/* In the runner, once: what the unwinder loads on first use is loaded before a test can run out of
 * anything. */
void procspawn__cunit_crash_prepare(void);
/* In the test's process, from the function that calls the test. Signals that have a handler
 * already, a sanitizer's say, keep it. */
void procspawn__cunit_crash_watch(void);

#endif
