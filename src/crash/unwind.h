/* The backtrace of another process, crashed or hung, taken from outside.
 *
 * Run it in a throw-away process forked for the purpose: it believes nothing it reads, but the
 * unwinder it loads was written by others, and what it reads may have been overwritten by anybody.
 * So it does everything that needs rights first, then has no more of them than the process it looks
 * at (confine.h), and only then looks. The parent kills it when it takes too long. */
#ifndef FORKSERVER_UNWIND_H
#define FORKSERVER_UNWIND_H

#include "src/crash/handler.h"
#include "src/crash/modules.h"
#include "src/crash/backtrace.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct unwind_task {
    pid_t pid;
    /* Of a process stopped by its crash handler; NULL for one that merely hangs, which is stopped
     * (SIGSTOP) and stays so. */
    const struct crash_record *record;
    const struct modules *at_init;    /* of the caller, which was forked from the same image */
    int64_t limit;        /* in ns from now; an alarm ends it then, whatever happens */
    bool unseen;          /* /proc shows other processes, so all that is told is the record */
    bool with_symbols;    /* whether functions are named */
    /* Where the report goes; -1: nobody wants frames. It can be larger than a pipe, and is to be
     * read while it is written. */
    int fd;
    /* Memory that is shared with the parent, zeroed: the cause and the last words are there before
     * any frame is looked for. */
    struct backtrace_brief *brief;
};

/* The whole life of the throw-away process: unwinds whatever it can in time, writes the encoded
 * report and exits, 0 when it is written. Its error tells what is missing: -EPERM, the process may
 * not be traced, or its ids cannot be taken; -ESRCH, it is gone; -ELIBACC, libunwind cannot be
 * loaded; -ETIMEDOUT; -ENOMEM. */
void forkserver__unwind_and_exit(const struct unwind_task *task) __attribute__((noreturn));

#endif
