/*
 * process.h - which process is this?
 *
 * A process id means another process once its own has ended, and asking for it is a system call.
 * The number here differs between a process and all whose copy it is, however often they forked,
 * and costs a load: it lies in memory that the kernel clears in every process that is forked.
 * Copies of one process may have the same, who never meet. One that shares its memory with its
 * parent (vfork(2)) is no other process.
 */
#ifndef FORKSCOPE_BASE_PROCESS_H
#define FORKSCOPE_BASE_PROCESS_H

#include <stdint.h>

/* Never 0. */
uint64_t base__process(void);

/*
 * For a process that was forked, does not ask, and is to fork others: its memory is as any other
 * again. What is apart would be a mapping more for each of them; they have some when they ask.
 */
void base__process_renew(void);

#endif
