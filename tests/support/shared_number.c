#include "tests/support/shared_number.h"

#include <poll.h>
#include <sys/mman.h>

int *shared;

int *shared_map(void)
{
    return mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void shared_begin(void)
{
    shared = shared_map();
    calls_begin();
}

void shared_end(void)
{
    calls_end();
    munmap(shared, sizeof *shared);
}

void shared_set(int value)
{
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

void shared_tell(void)
{
    __atomic_add_fetch(shared, 1, __ATOMIC_RELEASE);
}

void shared_wait(int value)
{
    while (__atomic_load_n(shared, __ATOMIC_ACQUIRE) < value)
        poll(NULL, 0, 1);
}
