/*
 * timer_loop.h - what a tree's timer thread does
 */
#ifndef FORKSCOPE_SCOPE_TIMER_LOOP_H
#define FORKSCOPE_SCOPE_TIMER_LOOP_H

/* The main function of the thread: acts on the agenda of a tree until the thread is stopped. */
void *scoped__timer_loop(void *tree);

#endif
