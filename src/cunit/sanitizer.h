/*
 * What a sanitizer linked into the test program changes for the runner.
 */
#ifndef SRC_CUNIT_SANITIZER_H
#define SRC_CUNIT_SANITIZER_H

#include <stdbool.h>

/* Whether malloc is a sanitizer's, which maps memory at will. */
bool procspawn__cunit_foreign_malloc(void);
/* Whether LeakSanitizer is there and has just reported a leak. */
bool procspawn__cunit_memory_leaked(void);

#endif
