/*
 * sanitizer.h - what changes for the runner if a sanitizer is linked into the test program
 */
#ifndef FORKSCOPE_CUNIT_SANITIZER_H
#define FORKSCOPE_CUNIT_SANITIZER_H

#include <stdbool.h>

/* Returns whether malloc is a sanitizer's, which maps memory at any time. */
bool procspawn__cunit_foreign_malloc(void);
/* Checks for leaks. Returns whether LeakSanitizer is linked and has reported one. */
bool procspawn__cunit_memory_leaked(void);

#endif
