/*
 * sanitizer.h - is this test built with a sanitizer?
 */
#ifndef FORKSCOPE_SUPPORT_SANITIZER_H
#define FORKSCOPE_SUPPORT_SANITIZER_H

#include <stdbool.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#else
#define UNDER_SANITIZER 0
#endif

/* For a test that the sanitizer's own runtime disturbs: returns true, and prints why. */
static inline bool sanitizer_skips(const char *why)
{
    if (UNDER_SANITIZER)
        printf("skipped: %s\n", why);
    return UNDER_SANITIZER;
}

#endif
