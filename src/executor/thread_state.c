/*
 * thread_state.c - which threads must not be used again
 */
#include "src/executor/thread_state.h"

static __thread bool spent;

void scoped__thread_spend(void)
{
    spent = true;
}

bool scoped__thread_spent(void)
{
    return spent;
}
