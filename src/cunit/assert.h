/*
 * assert.h - runs a function of a test so that a fatal assertion can leave it
 */
#ifndef FORKSCOPE_CUNIT_ASSERT_H
#define FORKSCOPE_CUNIT_ASSERT_H

#include <stdbool.h>

/*
 * Calls `run`; NULL does nothing. Returns false if a fatal assertion on this thread left it. Calls
 * must not be nested.
 */
bool procspawn__cunit_guarded(void (*run)(void));

#endif
