/*
 * Assertions inside a test, and where a fatal one goes.
 */
#ifndef SRC_CUNIT_ASSERT_H
#define SRC_CUNIT_ASSERT_H

#include <stdbool.h>

/* Calls `run` (NULL: nothing); returns false when a fatal assertion on this thread cut it short.
 * Not to be nested. */
bool procspawn__cunit_guarded(void (*run)(void));

#endif
