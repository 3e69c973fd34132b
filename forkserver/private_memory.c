#include "forkserver/private_memory.h"

#include <sys/mman.h>

void *forkserver__apart(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    /* A kernel that refuses hands it on, which is only slower. */
    madvise(memory, size, MADV_DONTFORK);
    return memory;
}
