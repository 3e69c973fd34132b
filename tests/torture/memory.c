/*
 * memory.c - bad accesses to memory
 */
#include "tests/torture/torture.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

NI static int read_null(int *p)
{
    return *(volatile int *)p;
}

NI static int read_mid(int *p)
{
    int r = read_null(p);
    KEEP;
    return r + 1;
}

CRASH(null_read, "signal:11", "read_null,read_mid,t_null_read")
{
    sink = read_mid(nowhere);
    KEEP;
    return OUT;
}

struct big {
    char x[0x1234];
    int y;
};

NI static void field_of_null(struct big *b)
{
    *(volatile int *)&b->y = 1;
    KEEP;
}

CRASH(null_field, "signal:11", "field_of_null,t_null_field")
{
    field_of_null(nowhere);
    KEEP;
    return OUT;
}

CRASH(garbage_call, "signal:11", "?,calls,t_garbage_call")
{
    calls((void *)0x123456789000);
    KEEP;
    return OUT;
}

CRASH(noncanonical_call, "signal:11", "calls,t_noncanonical_call")
{
    calls((void *)0x4141414141414141);
    KEEP;
    return OUT;
}

CRASH(noncanonical_write, "signal:11", "wild,t_noncanonical_write")
{
    wild((char *)0x4141414141414141);
    KEEP;
    return OUT;
}

CRASH(code_write, "signal:11", "wild,t_code_write")
{
    wild((char *)(uintptr_t)t_code_write);
    KEEP;
    return OUT;
}

CRASH(after_munmap, "signal:11", "wild,t_after_munmap")
{
    char *p = mmap(NULL, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p, 1 << 20);
    wild(p + 99);
    KEEP;
    return OUT;
}

CRASH(past_heap_block, "signal:11", "wild,t_past_heap_block")
{
    /* A hole behind the heap, so that nothing else can lie there. */
    char *end = sbrk(1 << 20);
    wild(end + (1 << 20) + (1 << 16));
    KEEP;
    return OUT;
}

NI static void unaligned(void)
{
    long long b[4] = { 0 };
    __asm__ volatile("movaps 4(%0), %%xmm0" ::"r"(b) : "xmm0", "memory");
    KEEP;
}

CRASH(misaligned_sse, "signal:11", "unaligned,t_misaligned_sse")
{
    unaligned();
    KEEP;
    return OUT;
}

NI static void unaligned_ac(void)
{
    char b[16] = { 0 };
    __asm__ volatile("pushf; orl $0x40000,(%%rsp); popf; movl 1(%0),%%eax; pushf; andl "
                     "$~0x40000,(%%rsp); popf" ::"r"(b)
                     : "rax", "memory");
    KEEP;
}

CRASH(misaligned_ac, "signal:7", "unaligned_ac,t_misaligned_ac")
{
    unaligned_ac();
    KEEP;
    return OUT;
}

NI static void asks_time(void)
{
    clock_gettime(CLOCK_MONOTONIC, (struct timespec *)nowhere + 1);
    KEEP;
}

CRASH(in_vdso, "signal:11", "asks_time,t_in_vdso")
{
    asks_time();
    KEEP;
    return OUT;
}

NI static void allocates(size_t n)
{
    char *b = __builtin_alloca(n);
    b[0] = 1;
    sink = b[n - 1];
    wild(nowhere);
    KEEP;
}

CRASH(large_frame, "signal:11", "wild,allocates,t_large_frame")
{
    allocates((size_t)(sink + (3 << 20)));
    KEEP;
    return OUT;
}
