/*
 * fault_guard.h - runs code of others that may fault on what it reads
 *
 * libunwind does not check all numbers in unwind information: it uses the column of the return
 * address as an index, and divides what a DWARF expression names. Such a fault would end the
 * process, and with it the report of all threads.
 */
#ifndef FORKSCOPE_BASE_FAULT_GUARD_H
#define FORKSCOPE_BASE_FAULT_GUARD_H

#include <signal.h>
#include <stdbool.h>

enum { GUARD_SIGNALS = 3 };

/* What was there before. */
struct guard {
    struct sigaction action[GUARD_SIGNALS];
    sigset_t mask;
    const struct guard *outer;
};

/*
 * From the one to the other the process has handlers for SIGSEGV, SIGBUS and SIGFPE. Faults outside
 * of base__fault_guard_run are left to the former handlers. Pairs may lie in each other. For one
 * thread of a process.
 */
void base__fault_guard_begin(struct guard *ret_guard);
void base__fault_guard_end(const struct guard *guard);

/*
 * Runs part(argument). Returns false if it has faulted: then it was left where it was, with all
 * that it holds.
 */
bool base__fault_guard_run(void (*part)(void *argument), void *argument);

#endif
