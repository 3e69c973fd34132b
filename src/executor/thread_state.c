/*
 * thread_state.c - which threads must not be used again
 */
#include "src/executor/thread_state.h"

static __thread bool spent;

void executor__thread_spend(void)
{
    spent = true;
}

bool executor__thread_spent(void)
{
    return spent;
}
