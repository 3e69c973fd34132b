/*
 * signal_stack.h - second stacks for signal handlers, for threads that the library starts
 *
 * A thread that has used up its stack can run a handler on another one only. So in the processes
 * that catch crashes the threads of executors have such a stack.
 */
#ifndef FORKSCOPE_BASE_SIGNAL_STACK_H
#define FORKSCOPE_BASE_SIGNAL_STACK_H

/* From now on, in this process and those that it forks, threads get one. Not thread-safe. */
void base__signal_stacks_want(void);

/*
 * Gives the calling thread one, for the rest of its life, if that is wanted. One that it has stays,
 * if it is large enough. Without memory there is none.
 */
void base__signal_stack_begin(void);

#endif
