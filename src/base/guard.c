/*
 * guard.c - handlers for the signals that end a process
 */
#include "src/base/guard.h"

#include "src/base/clock.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

enum { STACK = 65536 };

static const int signals[] = {
    SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGXCPU, SIGXFSZ, SIGALRM,
};

/* Deep recursion may be what has killed it. */
static void use_second_stack(void)
{
    static char bytes[STACK];
    const stack_t stack = {.ss_sp = bytes, .ss_size = sizeof bytes};

    (void)sigaltstack(&stack, NULL);
}

void base__guard(int64_t limit, void (*leave)(int signo))
{
    const int64_t time = limit > 0 ? limit / 1000 + 1 : 1;
    const struct itimerval timer = {
        .it_value = {.tv_sec = time / 1000000, .tv_usec = time % 1000000}};
    struct sigaction action = {.sa_handler = leave, .sa_flags = SA_ONSTACK};
    sigset_t set;

    use_second_stack();
    sigfillset(&action.sa_mask);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
        sigaddset(&set, signals[i]);
    }
    setitimer(ITIMER_REAL, &timer, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
