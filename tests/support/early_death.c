/*
 * early_death.c - ends children at their start, through a hook of fork
 */
#include "tests/support/early_death.h"

#include <forkscope/cunit.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Shared by the program and all its children. */
static struct births {
    bool forbidden;
    unsigned count;
} *births;

/*
 * Returns whether this process was forked by the root, and so is a server. The root may fork
 * servers after init has returned.
 */
static bool is_server(void)
{
    char name[16] = "";

    prctl(PR_GET_NAME, name);
    return strcmp(name, "forkscope-root") == 0;
}

static void be_born(void)
{
    if (!births || is_server())
        return;
    __atomic_fetch_add(&births->count, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&births->forbidden, __ATOMIC_ACQUIRE))
        _exit(1);
}

void births_open(void)
{
    births = mmap(NULL, sizeof *births, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(births != MAP_FAILED && pthread_atfork(NULL, NULL, be_born) == 0);
}

void births_close(void)
{
    munmap(births, sizeof *births);
    births = NULL;
}

void births_forbid(bool forbidden)
{
    __atomic_store_n(&births->count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&births->forbidden, forbidden, __ATOMIC_RELEASE);
}

unsigned births_count(void)
{
    return __atomic_load_n(&births->count, __ATOMIC_RELAXED);
}
