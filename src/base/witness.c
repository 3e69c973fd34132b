/*
 * witness.c - a page that the kernel clears on fork
 */
#include "src/base/witness.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t length(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

struct base__witness *base__witness_new(void)
{
    void *page = mmap(NULL, length(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct base__witness *witness = page;

    if (page == MAP_FAILED)
        return NULL;
    *witness = (struct base__witness){
        .cleared = madvise(page, length(), MADV_WIPEONFORK) == 0,
        .owner = getpid(),
    };
    return witness;
}

void base__witness_free(struct base__witness *witness)
{
    if (witness)
        munmap(witness, length());
}

bool base__witness_here(const struct base__witness *witness)
{
    return witness->cleared || witness->owner == getpid();
}
