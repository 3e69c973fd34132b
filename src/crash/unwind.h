/*
 * unwind.h - the backtrace of another process, crashed or hung, taken from outside
 *
 * Must run in a process forked for the purpose. It checks everything that it reads, but the
 * unwinder library was not written for hostile data, and the examined memory may be overwritten. So
 * it first does all that needs rights, then drops the rights that the examined process does not
 * have (confine.h), and only then reads. The parent kills it if it takes too long. Debug
 * information is read last, when a report without it has been written.
 */
#ifndef FORKSCOPE_CRASH_UNWIND_H
#define FORKSCOPE_CRASH_UNWIND_H

#include "src/crash/handler.h"
#include "src/crash/modules.h"
#include "src/crash/backtrace.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct unwind_task {
    pid_t pid;
    /*
     * Of a process stopped by its crash handler. NULL for one that hangs, which is stopped by
     * SIGSTOP and stays stopped.
     */
    const struct crash_record *record;
    const struct modules *at_init;    /* of the caller, which was forked from the same image */
    int64_t limit;        /* in ns from now; enforced by an alarm */
    bool unseen;          /* /proc shows another pid namespace: report only the record */
    bool with_symbols;    /* look up function names */
    bool with_places;     /* look up files, lines and inlined functions too */
    /*
     * Where the reports are written (report_file.h); -1: no frames are wanted. It can be larger than a pipe's buffer,
     * so a pipe must be read meanwhile.
     */
    int fd;
    /*
     * Shared with the parent, zeroed: cause and abort message are written before any frame is
     * searched.
     */
    struct backtrace_brief *brief;
};

/*
 * Runs the process: unwinds what it can in time, writes the encoded reports and exits; status 0 if
 * all are written. The report's error says what is missing: -EPERM, the process may not be traced,
 * or its ids cannot be taken; -ESRCH, it is gone; -ELIBACC, libunwind cannot be loaded; -ELIBBAD,
 * libdw cannot, and a module of the program has debug information; -ETIMEDOUT; -ENOMEM.
 */
void crash__unwind_and_exit(const struct unwind_task *task) __attribute__((noreturn));

#endif
