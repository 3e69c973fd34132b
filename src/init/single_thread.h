/*
 * single_thread.h - whether the calling thread is the only one of its process
 */
#ifndef FORKSCOPE_INIT_SINGLE_THREAD_H
#define FORKSCOPE_INIT_SINGLE_THREAD_H

#include <stdbool.h>

/* Threads of a sanitizer do not count. Takes up to 20 ms if there are others. */
bool procspawn__single_threaded(void);

#endif
