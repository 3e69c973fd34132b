/*
 * frame_index.h - the functions that an .eh_frame section describes, sorted by address
 *
 * A linker makes such an index and puts it into .eh_frame_hdr, but not in static programs, and not
 * when it is told otherwise. Then the section itself is read, from the process's memory.
 */
#ifndef FORKSCOPE_CRASH_FRAME_INDEX_H
#define FORKSCOPE_CRASH_FRAME_INDEX_H

#include "src/crash/remote_memory.h"

#include <stddef.h>
#include <stdint.h>

/* Both are relative to the start of the section. */
struct frame_entry {
    int32_t start;          /* of the function */
    int32_t description;    /* of its description (FDE) in the section */
};

struct frame_index {
    struct frame_entry *entry;
    size_t count;
};

/*
 * Reads a section of `size` bytes at an address. What cannot be understood is left out. Returns 0;
 * -ENOENT without any function; -E2BIG for a section that is too large; -ENOMEM; or an error of
 * crash__memory_read.
 */
int crash__frame_index_read(struct frame_index *ret_index, struct memory *memory, uint64_t address,
                            uint64_t size);
void crash__frame_index_free(struct frame_index *index);

#endif
