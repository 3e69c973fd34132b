/*
 * library.c - deaths inside of the C library: abort, assert, malloc, printf, longjmp
 */
#include "tests/torture/torture.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

NI static void frees(void *p)
{
    free(p);
    KEEP;
}

CRASH(free_invalid, "signal:6", "abort,frees,t_free_invalid")
{
    frees((char *)malloc(40) + 16);
    KEEP;
    return OUT;
}

NI static void mallocs(void)
{
    long *volatile p = malloc(40), *volatile q = malloc(40);
    void *volatile r;
    free(q);
    free(p);
    *(volatile long *)p = 0x123450 ^ ((long)p >> 12);
    r = malloc(40);
    r = malloc(40);
    (void)r;
    KEEP;
}

CRASH(malloc_segv, "signal:11", "malloc,mallocs,t_malloc_segv")
{
    mallocs();
    KEEP;
    return OUT;
}

NI static void asserts(int n)
{
    assert(n == 42 && "the answer");
    KEEP;
}

CRASH(assert_fails, "assert:6", "abort,__assert_fail,asserts,t_assert_fails")
{
    asserts(7);
    KEEP;
    return OUT;
}

NI static void perr(int e)
{
    assert_perror(e);
    KEEP;
}

CRASH(assert_perror_fails, "assert:6", "abort,__assert_perror_fail,perr,t_assert_perror_fails")
{
    perr(ENOENT);
    KEEP;
    return OUT;
}

NI static void aborts(void)
{
    abort();
    KEEP;
}

CRASH(abort_call, "signal:6", "abort,aborts,t_abort_call")
{
    aborts();
    KEEP;
    return OUT;
}

NI static void fortified(size_t n)
{
    char b[8];
    memset(b, 1, n);
    KEEP;
    sink = b[1];
}

CRASH(fortify, "signal:6", "abort,__fortify_fail,fortified,t_fortify")
{
    fortified((size_t)(sink + 100));
    KEEP;
    return OUT;
}

NI static void fmt_n(char *f)
{
    int n;
    printf(f, &n);
    KEEP;
}

CRASH(fortify_percent_n, "signal:6", "abort,fmt_n,t_fortify_percent_n")
{
    char *f = strdup("%n");
    fmt_n(f);
    KEEP;
    return OUT;
}

static jmp_buf jump;

NI static void set_dead(void)
{
    if (setjmp(jump))
        die_here();
    KEEP;
}

NI static void dead_jump(void)
{
    longjmp(jump, 1);
    KEEP;
}

NI static void from_deeper(int n)
{
    volatile char b[400];
    b[n] = 1;
    dead_jump();
    KEEP;
}

CRASH(longjmp_dead, "signal:11", "die_here,set_dead")
{
    set_dead();
    from_deeper(3);
    KEEP;
    return OUT;
}

NI static void jumped(void)
{
    if (setjmp(jump) == 0) {
        deep(sink + 1);
    } else {
        die_here();
    }
    KEEP;
}

static void longjmp_handler(int s)
{
    (void)s;
    longjmp(jump, 1);
}

NI static void segv_longjmp(void)
{
    struct sigaction a = { .sa_handler = longjmp_handler,
                           .sa_flags = SA_NODEFER | SA_RESETHAND | SA_ONSTACK };
    sigaction(SIGSEGV, &a, 0);
    jumped();
    KEEP;
}

CRASH(longjmp_from_handler, "signal:11", "die_here,jumped,segv_longjmp,t_longjmp_from_handler")
{
    segv_longjmp();
    KEEP;
    return OUT;
}

NI static void prints(void)
{
    char b[10];
    char *volatile f = "%s";
    sprintf(b, f, (char *)1);
    KEEP;
}

CRASH(printf_garbage, "signal:11", "prints,t_printf_garbage")
{
    prints();
    KEEP;
    return OUT;
}

NI static void copies(void)
{
    char b[16];
    memcpy(b, b + 1, (size_t)(1 << 30) + (size_t)sink);
    KEEP;
}

CRASH(memcpy_huge, "signal:6", "copies,t_memcpy_huge")
{
    copies();
    KEEP;
    return OUT;
}

extern void __stack_chk_fail(void);

NI static void smashes(void)
{
    volatile long *frame = __builtin_frame_address(0);
    for (int i = 1; i < 8; i++)
        frame[i] = 0x42424242;
    __stack_chk_fail();
    KEEP;
}

CRASH(stack_smashed, "signal:6", "abort,__stack_chk_fail,smashes")
{
    smashes();
    KEEP;
    return OUT;
}

/* The return address is that of the next function. */
NI static void ends_with_abort(void)
{
    abort();
}

CRASH(noreturn_call_at_end, "signal:6", "abort,ends_with_abort,t_noreturn_call_at_end")
{
    ends_with_abort();
    KEEP;
    return OUT;
}

NI static void exits(void)
{
    exit(0);
}

CRASH(in_exit, "signal:11", "die_here,exit,exits,t_in_exit")
{
    atexit(die_here);
    exits();
    KEEP;
    return OUT;
}
