/*
 * sanitizer.c - asks which sanitizer is linked, by weak symbols
 */
#include "src/cunit/sanitizer.h"

#include <stddef.h>

extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
/* Checks for leaks. Returns non-zero if leaks were reported; the program continues. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

bool procspawn__cunit_foreign_malloc(void)
{
    return __asan_init != NULL || __tsan_init != NULL;
}

bool procspawn__cunit_memory_leaked(void)
{
    return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0;
}
