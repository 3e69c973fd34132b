/*
 * handlers.c - crashes in signal handlers and in callbacks of the C library
 */
#include "tests/torture/torture.h"

#include <poll.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

CRASH(in_handler, "signal:11", "die_here,h_crash,raises,t_in_handler")
{
    on(SIGUSR1, h_crash, 0);
    raises(SIGUSR1);
    KEEP;
    return OUT;
}

CRASH(in_handler_our_altstack, "signal:11", "die_here,h_crash,raises,t_in_handler_our_altstack")
{
    on(SIGUSR1, h_crash, SA_ONSTACK);
    raises(SIGUSR1);
    KEEP;
    return OUT;
}

static void h_second(int s)
{
    (void)s;
    raises(SIGUSR1);
    KEEP;
}

CRASH(in_nested_handlers, "signal:11",
      "die_here,h_crash,raises,h_second,raises,t_in_nested_handlers")
{
    on(SIGUSR1, h_crash, 0);
    on(SIGUSR2, h_second, 0);
    raises(SIGUSR2);
    KEEP;
    return OUT;
}

NI static void sleeps_long(void)
{
    struct itimerval t = { { 0, 0 }, { 0, 3000 } };
    setitimer(ITIMER_REAL, &t, 0);
    poll(0, 0, 10000);
    KEEP;
}

CRASH(handler_over_syscall, "signal:11", "die_here,h_crash,sleeps_long,t_handler_over_syscall")
{
    on(SIGALRM, h_crash, 0);
    sleeps_long();
    KEEP;
    return OUT;
}

static void h_exit(int s)
{
    _exit(100 + s);
}

CRASH(own_handler_exits, "exit:111", "")
{
    on(SIGSEGV, h_exit, 0);
    die_here();
    KEEP;
    return OUT;
}

CRASH(segv_default, "signal:11", "die_here,t_segv_default")
{
    signal(SIGSEGV, SIG_DFL);
    die_here();
    KEEP;
    return OUT;
}

CRASH(segv_ignored, "signal:11", "die_here,t_segv_ignored")
{
    signal(SIGSEGV, SIG_IGN);
    die_here();
    KEEP;
    return OUT;
}

static void walker(const void *n, VISIT w, int d)
{
    (void)n;
    (void)w;
    (void)d;
    die_here();
    KEEP;
}

NI static void walks(void)
{
    void *root = 0;
    tsearch("x", &root, (int (*)(const void *, const void *))strcmp);
    twalk(root, walker);
    KEEP;
}

CRASH(in_twalk, "signal:11", "die_here,walker,walks,t_in_twalk")
{
    walks();
    KEEP;
    return OUT;
}

CRASH(in_handler_own_altstack, "signal:11",
      "die_here,h_crash,raises,t_in_handler_own_altstack")
{
    own_altstack();
    on(SIGUSR1, h_crash, SA_ONSTACK);
    raises(SIGUSR1);
    KEEP;
    return OUT;
}

static sigjmp_buf out_of_handler;

static void h_leave(int s)
{
    (void)s;
    siglongjmp(out_of_handler, 1);
}

NI static void leaves_handler(void)
{
    if (sigsetjmp(out_of_handler, 1) == 0)
        raises(SIGUSR1);
    die_here();
    KEEP;
}

CRASH(after_leaving_altstack, "signal:11", "die_here,leaves_handler,t_after_leaving_altstack")
{
    own_altstack();
    on(SIGUSR1, h_leave, SA_ONSTACK);
    leaves_handler();
    KEEP;
    return OUT;
}

static int compares(const void *a, const void *b)
{
    (void)a;
    (void)b;
    die_here();
    KEEP;
    return 0;
}

NI static void sorts(void)
{
    int some[] = { 3, 1, 2 };
    qsort(some, 3, sizeof *some, compares);
    KEEP;
    sink = some[0];
}

CRASH(in_qsort, "signal:11", "die_here,compares,sorts,t_in_qsort")
{
    sorts();
    KEEP;
    return OUT;
}
