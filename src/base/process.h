/*
 * process.h - detects that the process is a forked copy
 *
 * A process id can be reused once its process has ended, and getpid() is a system call. The number
 * here is different in a process and in all its ancestors by fork(2), and reading it costs one
 * load: it lies in memory that the kernel clears in each forked process. Two siblings may have the
 * same number; the library never compares these. A vfork(2) child shares its parent's memory and
 * has its parent's number.
 */
#ifndef FORKSCOPE_BASE_PROCESS_H
#define FORKSCOPE_BASE_PROCESS_H

#include <stdint.h>

/* The number of this process; never 0. */
uint64_t base__process(void);

/*
 * Stops clearing the page on fork. For a forked process that only forks others and does not ask for
 * its number: a page with MADV_WIPEONFORK is one more mapping to copy at each fork. A child sets it
 * again when it first asks.
 */
void base__process_keep_on_fork(void);

#endif
