/*
 * fault_guard.c - handlers that leave a function which has faulted
 */
#include "src/base/fault_guard.h"

#include <setjmp.h>
#include <stddef.h>

static const int signals[GUARD_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE};

static sigjmp_buf before;
static volatile sig_atomic_t running;
static const struct guard *present;

static void on_fault(int signo)
{
    if (running) {
        running = 0;
        siglongjmp(before, 1);
    }
    /* The fault repeats, and the former handler has it. */
    for (size_t i = 0; i < GUARD_SIGNALS; i++)
        if (signals[i] == signo)
            sigaction(signo, &present->action[i], NULL);
}

void base__fault_guard_begin(struct guard *ret_guard)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER | SA_ONSTACK};
    sigset_t faults;

    ret_guard->outer = present;
    present = ret_guard;
    sigemptyset(&faults);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < GUARD_SIGNALS; i++) {
        sigaddset(&faults, signals[i]);
        sigaction(signals[i], &action, &ret_guard->action[i]);
    }
    sigprocmask(SIG_UNBLOCK, &faults, &ret_guard->mask);
}

void base__fault_guard_end(const struct guard *guard)
{
    for (size_t i = 0; i < GUARD_SIGNALS; i++)
        sigaction(signals[i], &guard->action[i], NULL);
    sigprocmask(SIG_SETMASK, &guard->mask, NULL);
    present = guard->outer;
}

bool base__fault_guard_run(void (*part)(void *argument), void *argument)
{
    if (sigsetjmp(before, 0) != 0)
        return false;
    running = 1;
    part(argument);
    running = 0;
    return true;
}
