#include "tests/support/large_tables.h"

#include "tests/support/made_module.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TABLE = (40 << 20) / 24 * 24 };

static char folder[32];
static volatile int entered[LARGE_TABLES];
static made_module_function *module[LARGE_TABLES];

static const char *module_path(uintptr_t number)
{
    static char path[64];

    snprintf(path, sizeof path, "%s/%u", folder, (unsigned)number);
    return path;
}

static void *stay_in_module(void *number)
{
    module[(uintptr_t)number](&entered[(uintptr_t)number]);
    return NULL;
}

int large_tables_begin(void)
{
    strcpy(folder, "/tmp/forkscope.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int large_tables_end(void)
{
    for (uintptr_t i = 0; i < LARGE_TABLES; i++)
        unlink(module_path(i));
    return rmdir(folder);
}

void large_tables_load(void)
{
    for (uintptr_t i = 0; i < LARGE_TABLES; i++) {
        pthread_t thread;

        module[i] = made_module(module_path(i), (unsigned)i, TABLE);
        if (!module[i] || pthread_create(&thread, NULL, stay_in_module, (void *)i) != 0)
            _exit(1);
        while (!entered[i])
            sched_yield();
    }
}
