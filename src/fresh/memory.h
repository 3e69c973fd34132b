/*
 * memory.h - a snapshot of all writable private memory, and how the memory is put back
 *
 * The contents go to a memory file, which is sealed and mapped back privately in the place of the
 * memory. A page that a call writes becomes anonymous, so the kernel can tell which ones these are.
 * They are copied back, and stay mapped for the next call. The stack of the main thread stays the
 * mapping that it was, because the kernel has to let it grow: its upper part is copied back, and
 * the rest is cleared.
 */
#ifndef FORKSCOPE_FRESH_MEMORY_H
#define FORKSCOPE_FRESH_MEMORY_H

#include "src/fresh/area.h"
#include <stdbool.h>

/* Takes the snapshot. NULL, or what stands in the way. Signals are blocked. */
const char *fresh__memory_save(struct fresh__saved *saved, struct fresh__work *work);

/* Puts everything back but what the caller's frames take on the stack. 0 or -errno. */
int fresh__memory_put_back(const struct fresh__saved *saved, struct fresh__work *work);

/* Clears the stack below the caller's frame, as far as fresh__memory_put_back leaves it. */
void fresh__memory_clear_frames(const struct fresh__saved *saved);

#endif
