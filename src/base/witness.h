/*
 * witness.h - is this the process that made it, or a copy by fork(2)?
 *
 * Memory that the kernel clears in every process that is forked. So the question costs a load, and
 * needs no state that a thread may have been changing while the copy was made.
 */
#ifndef FORKSCOPE_BASE_WITNESS_H
#define FORKSCOPE_BASE_WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

struct base__witness {
    bool cleared;               /* by the kernel: else the process id tells */
    pid_t owner;
};

/* NULL when out of memory. */
struct base__witness *base__witness_new(void);
void base__witness_free(struct base__witness *witness);

/* Is this process the one that made the witness? A copy with its memory shared is the same. */
bool base__witness_here(const struct base__witness *witness);

#endif
