/*
 * raw.h - system calls and copies that touch no memory of the C library
 *
 * The reset overwrites the memory of the C library: errno, its buffers, tables of bound symbols. So
 * the code of this room that runs after a snapshot calls no function of the C library.
 */
#ifndef FORKSCOPE_FRESH_RAW_H
#define FORKSCOPE_FRESH_RAW_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns what the kernel returns: a negative errno value in case of an error. */
static inline long fresh__call6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__) && !defined(__ILP32__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
#else
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
#endif
}

#define fresh__call(number, ...) FRESH__CALL(number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define FRESH__CALL(number, a, b, c, d, e, f, ...)                                                 \
    fresh__call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* The empty statements keep the compiler from calling memcpy, memset and memcmp. */

static inline void fresh__copy(void *to, const void *from, size_t length)
{
#if defined(__x86_64__)
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
#else
    unsigned char *out = to;
    const unsigned char *in = from;

    for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t)) {
        *(uint64_t *)(void *)out = *(const uint64_t *)(const void *)in;
        out += sizeof(uint64_t);
        in += sizeof(uint64_t);
        __asm__ volatile("" : : : "memory");
    }
    for (; length > 0; length--) {
        *out++ = *in++;
        __asm__ volatile("" : : : "memory");
    }
#endif
}

static inline void fresh__clear(void *to, size_t length)
{
#if defined(__x86_64__)
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(0) : "memory");
#else
    unsigned char *out = to;

    for (; length > 0; length--) {
        *out++ = 0;
        __asm__ volatile("" : : : "memory");
    }
#endif
}

static inline bool fresh__same(const void *a, const void *b, size_t length)
{
    const unsigned char *left = a;
    const unsigned char *right = b;
    uint64_t word, other;

    for (; length >= sizeof word; length -= sizeof word) {
        __builtin_memcpy(&word, left, sizeof word);
        __builtin_memcpy(&other, right, sizeof other);
        if (word != other)
            return false;
        left += sizeof word;
        right += sizeof word;
        __asm__ volatile("" : : : "memory");
    }
    for (; length > 0; length--) {
        if (*left++ != *right++)
            return false;
        __asm__ volatile("" : : : "memory");
    }
    return true;
}

#endif
