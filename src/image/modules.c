/*
 * modules.c - walks the dynamic linker's list of modules
 *
 * The dynamic linker has a lock for the list, and glibc does not release it in a copy of the
 * process by fork(2). If another thread walked the list at the fork, the first walk of the copy
 * would wait for ever. So a fork waits until no walk of the library's is under way.
 */
#include "src/image/modules.h"

#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Recursive: a handler of a signal that arrives during a walk may fork. */
static pthread_mutex_t walking = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void wait_for_walks(void)
{
    pthread_mutex_lock(&walking);
}

static void go_on(void)
{
    pthread_mutex_unlock(&walking);
}

static void begin_in_copy(void)
{
    walking = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
}

int procspawn__modules_guard(void)
{
    static bool guarded;

    if (guarded)
        return 0;
    int rc = -pthread_atfork(wait_for_walks, go_on, begin_in_copy);
    guarded = rc == 0;
    return rc;
}

int procspawn__modules_walk(procspawn__visit *visit, void *data)
{
    pthread_mutex_lock(&walking);
    int rc = dl_iterate_phdr(visit, data);
    pthread_mutex_unlock(&walking);
    return rc;
}
