/*
 * stack_overflow.h - was a crash the overflow of a thread's stack?
 */
#ifndef FORKSCOPE_CRASH_STACK_OVERFLOW_H
#define FORKSCOPE_CRASH_STACK_OVERFLOW_H

#include "src/crash/handler.h"
#include "src/crash/mappings.h"

#include <stdbool.h>

bool crash__is_stack_overflow(const struct mappings *mappings, const struct crash_record *record);

#endif
