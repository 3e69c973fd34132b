/*
 * single_thread.h - whether the calling thread is the only one of its process
 */
#ifndef FORKSCOPE_INIT_SINGLE_THREAD_H
#define FORKSCOPE_INIT_SINGLE_THREAD_H

#include <stdbool.h>

/* Threads of a sanitizer do not count. True if neither the kernel nor /proc can tell. Tries again
 * for 20 ms before it returns false. */
bool procspawn__single_threaded(void);

#endif
