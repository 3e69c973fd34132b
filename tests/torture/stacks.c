/*
 * stacks.c - stacks that are used up, deep, or overwritten
 */
#include "tests/torture/torture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>

NI static int recurse_big(int n)
{
    volatile char b[300000];
    b[n % 100] = 1;
    int r = recurse_big(n + 1);
    KEEP;
    return r + b[3];
}

CRASH(overflow_big_frames, "stack_overflow:11", "recurse_big,recurse_big,t_overflow_big_frames")
{
    sink = recurse_big(0);
    KEEP;
    return OUT;
}

NI static int huge(int n)
{
    volatile char b[20 << 20];
    /* The compiler must not know how much of it is used. */
    __asm__ volatile("" : : "r"(b) : "memory");
    b[n % 100] = 1;
    KEEP;
    return b[3];
}

CRASH(overflow_one_frame, "stack_overflow:11", "huge,t_overflow_one_frame")
{
    sink = huge(0);
    KEEP;
    return OUT;
}

NI static int pong(int n);

NI static int ping(int n)
{
    int r = pong(n + 1);
    KEEP;
    return r + 1;
}

NI static int pong(int n)
{
    int r = ping(n + 1);
    KEEP;
    return r + 1;
}

NI static void *overflower(void *a)
{
    sink = recurse(0);
    KEEP;
    return a;
}

CRASH(overflow_thread, "stack_overflow:11", "recurse,recurse,recurse,overflower")
{
    run_thread(overflower);
    return OUT;
}

NI static void overflow_in_printf_inner(int n)
{
    char b[64];
    snprintf(b, sizeof b, "%d", n);
    overflow_in_printf_inner(n + 1);
    KEEP;
    sink += b[0];
}

CRASH(overflow_libc, "stack_overflow:11",
      "overflow_in_printf_inner,overflow_in_printf_inner,t_overflow_libc")
{
    overflow_in_printf_inner(0);
    KEEP;
    return OUT;
}

CRASH(deep_20000, "signal:11", "die_here,deep,deep,deep,t_deep_20000")
{
    sink = deep(20000);
    KEEP;
    return OUT;
}

NI static void smash_all(void)
{
    volatile long *fp = __builtin_frame_address(0);
    for (int i = 0; i < 64; i++)
        fp[i] = 0x42424242;
    die_here();
    KEEP;
}

CRASH(stack_overwritten, "signal:11", "die_here,smash_all")
{
    smash_all();
    KEEP;
    return OUT;
}

NI static void sp_zero_call(void)
{
    __asm__ volatile("xor %%esp, %%esp; call *%%rax" ::"a"(0));
    KEEP;
}

CRASH(sp_zero_call, "signal:11", "sp_zero_call")
{
    sp_zero_call();
    KEEP;
    return OUT;
}

NI static void fp_garbage(void)
{
    __asm__ volatile("mov $0x77, %%rbp; movl $0, 0" ::: "memory");
    KEEP;
}

CRASH(fp_garbage, "signal:11", "fp_garbage,t_fp_garbage")
{
    fp_garbage();
    KEEP;
    return OUT;
}

NI static void sp_lost(void)
{
    __asm__ volatile("mov $8, %%rsp; pushq $1" ::: "memory");
    KEEP;
}

CRASH(sp_lost, "signal:11", "sp_lost")
{
    sp_lost();
    KEEP;
    return OUT;
}
