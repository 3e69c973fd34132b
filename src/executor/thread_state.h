/*
 * thread_state.h - what a function leaves on its thread, which may run another one afterwards
 *
 * A thread for which pthread_cancel was called runs nothing else. The cancel may still be pending
 * when the function it was meant for has returned. Then it would hit the next function that an
 * executor runs on the same thread.
 */
#ifndef FORKSCOPE_EXECUTOR_THREAD_STATE_H
#define FORKSCOPE_EXECUTOR_THREAD_STATE_H

#include <stdbool.h>

/* The calling thread must not be used again once its present function has returned. */
void executor__thread_spend(void);
bool executor__thread_spent(void);

/* Names the calling thread; gives it back the name that it had before it was named first. */
void executor__thread_rename(const char *name);
void executor__thread_unname(void);

#endif
