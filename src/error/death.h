/*
 * death.h - what the error of a call says of the death of its process
 */
#ifndef FORKSCOPE_ERROR_DEATH_H
#define FORKSCOPE_ERROR_DEATH_H

#include "src/crash/backtrace.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>

/*
 * From the server's report of a death. The trace (NULL: none) is taken on success. NULL: out of
 * memory.
 */
procspawn_error *procspawn__error_from_death(const struct wire_death *death,
                                             const struct backtrace *trace);

/* The path of a violation, NULL: none is known. Borrowed from the trace. */
const char *procspawn__error_path_of(const struct backtrace *trace);

#endif
