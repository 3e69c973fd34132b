/* The backtrace of another process, crashed or hung, taken from outside.
 *
 * Run it in a throw-away process forked for the purpose: it trusts nothing it reads, but the
 * unwinder it loads was written by others and what it reads may have been overwritten by anybody.
 * The parent kills it when it takes too long. */
#ifndef FORKSERVER_UNWIND_H
#define FORKSERVER_UNWIND_H

#include "forkserver/crash.h"
#include "src/wire/backtrace.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole life of the throw-away process: unwinds whatever it can in time, writes the encoded
 * report to fd and exits, 0 when it is written. record: of a process stopped by its crash handler
 * (crash.h); NULL for one that merely hangs, which is stopped for the time of looking.
 * with_symbols: whether functions are named. limit: in ns from now; an alarm ends it a little later
 * whatever happens. A report can be larger than a pipe: read while it writes. Its error tells what
 * is missing: -EPERM, the process may not be traced; -ESRCH, it is gone; -ELIBACC, libunwind cannot
 * be loaded; -ETIMEDOUT; -ENOMEM. */
void forkserver__unwind_and_exit(pid_t pid, const struct crash_record *record, bool with_symbols,
                                 int64_t limit, int fd) __attribute__((noreturn));

#endif
