/*
 * private_memory.c - memory that is excluded from forks
 */
#include "forkserver/process/private_memory.h"

#include <sys/mman.h>

void *forkserver__private_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    /* If the kernel refuses, children inherit the memory, which is only slower. */
    madvise(memory, size, MADV_DONTFORK);
    return memory;
}
