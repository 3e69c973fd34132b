/*
 * status.h - /proc/self/status, compared line by line
 *
 * One read tells most of what a process is: ids, groups, capabilities, filters, threads, tracer,
 * masks of signals, name, processors, amounts of memory. A line that is not known here must be as
 * it was.
 */
#ifndef FORKSCOPE_FRESH_STATUS_H
#define FORKSCOPE_FRESH_STATUS_H

#include "src/fresh/area.h"
#include <stdbool.h>
#include <stddef.h>

/* Reads the status into `text`, which has FRESH__STATUS bytes. Returns the length, or -errno. */
long fresh__status_read(const struct fresh__saved *saved, char *text);

/*
 * Reads the status and compares it. NULL, with what can be put back in work->found; or what
 * differs.
 */
const char *fresh__status_look(const struct fresh__saved *saved, struct fresh__work *work);

/* The same for two texts, for tests. */
const char *fresh__status_compare(const char *was, size_t was_length, const char *is,
                                  size_t is_length, struct fresh__found *found);

/* Is the number in the line of this key 0? */
bool fresh__status_is_zero(const char *text, size_t length, const char *key);

#endif
