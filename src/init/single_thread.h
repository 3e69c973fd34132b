/*
 * threads.h - whether the calling thread is the only one of its process
 */
#ifndef FORKSCOPE_PROC_THREADS_H
#define FORKSCOPE_PROC_THREADS_H

#include <stdbool.h>

/* Not counting those of a sanitizer; true where /proc does not tell. */
bool procspawn__single_threaded(void);

#endif
