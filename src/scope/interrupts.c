/*
 * interrupts.c - a thread that takes signals: the first one cancels a scope, later ones act by
 * default
 */
#include "src/scope/interrupts.h"

#include "src/base/thread.h"
#include "src/scope/cancel_tree.h"

#include <errno.h>

static bool can_be_blocked(int signal)
{
    return signal > 0 && signal != SIGKILL && signal != SIGSTOP;
}

int scoped__interrupts_block(struct interrupts *interrupts, const int *signals)
{
    *interrupts = (struct interrupts){ .scope = NULL };
    sigemptyset(&interrupts->signals);
    for (; signals != NULL && *signals != 0; signals++) {
        if (!can_be_blocked(*signals) || sigaddset(&interrupts->signals, *signals) < 0)
            return -EINVAL;
        interrupts->any = *signals;
    }
    if (interrupts->any != 0)
        pthread_sigmask(SIG_BLOCK, &interrupts->signals, &interrupts->mask_before);
    return 0;
}

static void cancel(struct node *scope)
{
    scoped__lock(scope->tree);
    scoped__cancel_unended(scope);
    scoped__unlock(scope->tree);
}

/* Most signals end the process here. */
static void act_by_default(int signal)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL }, before;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    sigaction(signal, &by_default, &before);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(signal);
    pthread_sigmask(SIG_BLOCK, &only, NULL);
    sigaction(signal, &before, NULL);
}

/*
 * The signal that stops the thread is sent to the thread itself, which takes those first. A signal
 * for the process that comes at the same moment stays pending.
 */
static void *watch(void *arg)
{
    struct interrupts *interrupts = arg;
    base__cancelable(false);
    while (!atomic_load(&interrupts->stops)) {
        int signal = sigwaitinfo(&interrupts->signals, NULL);
        if (signal < 0 || atomic_load(&interrupts->stops))
            continue;
        if (interrupts->first != 0) {
            act_by_default(signal);
        } else {
            interrupts->first = signal;
            cancel(interrupts->scope);
        }
    }
    return NULL;
}

int scoped__interrupts_watch(struct interrupts *interrupts, struct node *scope)
{
    if (interrupts->any == 0)
        return 0;
    interrupts->scope = scope;
    int error = base__thread_start(&interrupts->thread, NULL, watch, interrupts);
    if (error < 0)
        interrupts->scope = NULL;
    return error;
}

/* pthread_kill of a real-time signal fails with EAGAIN while the queue of signals is full. */
static void stop(struct interrupts *interrupts)
{
    static const struct timespec pause = { .tv_nsec = 1000000 };
    atomic_store(&interrupts->stops, true);
    while (pthread_kill(interrupts->thread, interrupts->any) == EAGAIN)
        nanosleep(&pause, NULL);
    pthread_join(interrupts->thread, NULL);
}

void scoped__interrupts_end(struct interrupts *interrupts)
{
    if (interrupts->any == 0)
        return;
    if (interrupts->scope != NULL)
        stop(interrupts);
    pthread_sigmask(SIG_SETMASK, &interrupts->mask_before, NULL);
}
