/*
 * said.h - makes the message of a report of what a process has said of its end
 */
#ifndef FORKSCOPE_CRASH_SAID_H
#define FORKSCOPE_CRASH_SAID_H

#include "src/crash/backtrace.h"
#include "src/crash/texts.h"

/* Set `said` and the message, the type of an exception too. The texts are untrusted. */
void crash__said_exception(struct backtrace *trace, const struct texts *texts);
void crash__said_by_sanitizer(struct backtrace *trace, const struct texts *texts);

#endif
