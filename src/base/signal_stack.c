/*
 * signal_stack.c - maps the second stack of a thread, and unmaps it when the thread ends
 */
#include "src/base/signal_stack.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

/* A sanitizer's own is large enough with ENOUGH bytes. */
enum { BYTES = 65536, ENOUGH = 16384 };

static bool wanted;
static pthread_key_t key;

static void end(void *stack)
{
    const stack_t none = {.ss_flags = SS_DISABLE};

    sigaltstack(&none, NULL);
    munmap(stack, BYTES);
}

void base__signal_stacks_want(void)
{
    if (!wanted)
        wanted = pthread_key_create(&key, end) == 0;
}

static bool has_one(void)
{
    stack_t present;

    return sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE) &&
           present.ss_size >= ENOUGH;
}

void base__signal_stack_begin(void)
{
    stack_t stack = {.ss_size = BYTES};

    if (!wanted || has_one())
        return;
    stack.ss_sp = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return;
    if (sigaltstack(&stack, NULL) != 0 || pthread_setspecific(key, stack.ss_sp) != 0)
        end(stack.ss_sp);
}
