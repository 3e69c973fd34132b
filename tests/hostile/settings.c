/*
 * settings.c - pages of their own for the settings, which can be made read-only
 */
#include "tests/hostile/settings.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const struct settings *settings;

static struct settings *writable;

struct settings *settings_open(uint64_t seed)
{
    void *memory = mmap(NULL, sizeof *writable, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    settings = writable = memory;
    writable->seed = seed;
    writable->user = geteuid();
    writable->aliens = writable->user == 0;
    return writable;
}

void settings_fix(void)
{
    writable->program = getpid();
    if (mprotect(writable, sizeof *writable, PROT_READ) < 0)
        abort();
}
