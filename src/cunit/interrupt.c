/*
 * interrupt.c - catches the signals that end a run, only while the runner waits
 */
#include "src/cunit/interrupt.h"

#include <signal.h>
#include <stddef.h>

enum { SIGNALS = 3 };

static const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
static struct sigaction actions_before[SIGNALS];
static sigset_t mask_before;
static volatile sig_atomic_t caught;

static void catch (int number)
{
    caught = number;
}

void procspawn__cunit_interrupt_begin(void)
{
    struct sigaction action = { .sa_handler = catch };
    sigset_t mask;

    sigemptyset(&mask);
    for (int i = 0; i < SIGNALS; i++) {
        sigaddset(&mask, numbers[i]);
        sigaction(numbers[i], NULL, &actions_before[i]);
        if (actions_before[i].sa_handler != SIG_IGN) /* nohup: an ignored signal stays ignored */
            sigaction(numbers[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &mask, &mask_before);
}

void procspawn__cunit_interrupt_forget(void)
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(numbers[i], &actions_before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void procspawn__cunit_interrupt_end(void)
{
    procspawn__cunit_interrupt_forget();
    if (caught)
        raise(caught);
}

bool procspawn__cunit_interrupted(void)
{
    return caught != 0;
}

int procspawn__cunit_interrupt_ppoll(struct pollfd *event, const struct timespec *timeout)
{
    return ppoll(event, 1, timeout, &mask_before);
}
