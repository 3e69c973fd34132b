/*
 * witness.h - is this process the one that created an object, or a forked copy?
 *
 * The witness lies in memory that the kernel clears in each forked process. So the check costs one
 * load, and needs no state that another thread may have been changing during the fork.
 */
#ifndef FORKSCOPE_BASE_WITNESS_H
#define FORKSCOPE_BASE_WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

struct base__witness {
    bool cleared;               /* MADV_WIPEONFORK works here; otherwise owner is compared */
    pid_t owner;
};

/* Returns a new witness, or NULL without memory. */
struct base__witness *base__witness_new(void);
void base__witness_free(struct base__witness *witness);

/*
 * Is this the process that created the witness? True also in a vfork(2) child, which shares its
 * memory.
 */
bool base__witness_here(const struct base__witness *witness);

#endif
