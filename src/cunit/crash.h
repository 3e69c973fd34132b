/*
 * crash.h - signal handlers of a test's process: they record the stack of a thread that gets a
 * fatal signal, and of each thread that the runner asks when the time limit has passed
 */
#ifndef FORKSCOPE_CUNIT_CRASH_H
#define FORKSCOPE_CUNIT_CRASH_H

/*
 * Called once in the runner: loads what the unwinder loads on first use, before a test can exhaust
 * memory or descriptors.
 */
void procspawn__cunit_crash_prepare(void);
/*
 * Called in the test's process by the function that calls the test. A signal that already has a
 * handler, as under a sanitizer, keeps it.
 */
void procspawn__cunit_crash_watch(void);

#endif
