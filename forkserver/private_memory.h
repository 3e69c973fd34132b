/*
 * apart.h - memory that a server keeps to itself
 *
 * What a server changes between two forks would be copied page by page after each of them, for it
 * or for the child. This memory is not handed on: it costs a fork nothing, and no child can read
 * it.
 */
#ifndef FORKSCOPE_FORKSERVER_APART_H
#define FORKSCOPE_FORKSERVER_APART_H

#include <stddef.h>

/* Zeroed, in whole pages, for the life of the process. NULL when out of memory. */
void *forkserver__apart(size_t size);

#endif
