/*
 * withheld_memory.h - memory and a file whose readers wait for ever, even past SIGKILL
 *
 * A file system of the test's own does not answer any read, nor the opening of one of its files.
 */
#ifndef FORKSCOPE_SUPPORT_WITHHELD_MEMORY_H
#define FORKSCOPE_SUPPORT_WITHHELD_MEMORY_H

#include <stdbool.h>

/*
 * Mounts it in a new mount namespace of this process. Returns false if it cannot: that needs root,
 * and a kernel with FUSE.
 */
bool withhold_begin(void);

/* Unmounts it; all who wait get an error. */
void withhold_end(void);

/* Returns whether it can be mounted. */
bool withhold_works(void);

/* Replaces the page at this address by one that does not arrive. Its contents are lost. */
bool withhold_page(void *address);

/*
 * Returns the path of a file whose opening does not finish; its length is 64 KiB. It exists until
 * withhold_end().
 */
const char *withhold_file(void);

#endif
