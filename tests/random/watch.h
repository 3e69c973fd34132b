/*
 * watch.h - what the threads of this process are doing, and a time limit for their waits
 */
#ifndef FORKSCOPE_TESTS_RANDOM_WATCH_H
#define FORKSCOPE_TESTS_RANDOM_WATCH_H

/* Prints name, state, system call and stack of every thread. */
void watch_print_threads(void);

/* Calls the function if watch_calm is not called for `seconds`. */
void watch_start(void (*too_late)(void), int seconds);
void watch_calm(void);
void watch_stop(void);

/* Threads and descriptors of this process. */
int watch_count_threads(void);
int watch_count_descriptors(void);

#endif
