/*
 * private_memory.h - memory that a server's children do not inherit
 *
 * A page that a server writes between two forks is copied after each fork, for the server or for
 * the child. This memory is not inherited (MADV_DONTFORK): it costs a fork nothing, and no child
 * can read it.
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_PRIVATE_MEMORY_H
#define FORKSCOPE_FORKSERVER_PROCESS_PRIVATE_MEMORY_H

#include <stddef.h>

/* Maps zeroed memory, in whole pages, for the life of the process. Returns NULL without memory. */
void *forkserver__private_memory(size_t size);

#endif
