/*
 * thread_state.c - which threads must not be used again, and the names of those that may
 */
#include "src/executor/thread_state.h"

#include <pthread.h>

enum { NAME_BYTES = 16 };       /* of a thread, with the end of the string */

static __thread bool spent;
static __thread bool renamed;
static __thread char former[NAME_BYTES];    /* the name before; valid when renamed */

void executor__thread_spend(void)
{
    spent = true;
}

bool executor__thread_spent(void)
{
    return spent;
}

void executor__thread_rename(const char *name)
{
    if (!renamed)
        renamed = pthread_getname_np(pthread_self(), former, sizeof former) == 0;
    pthread_setname_np(pthread_self(), name);
}

void executor__thread_unname(void)
{
    if (renamed)
        pthread_setname_np(pthread_self(), former);
    renamed = false;
}
