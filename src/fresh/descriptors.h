/*
 * descriptors.h - the descriptors that are open before a call, and all others
 *
 * Each descriptor that lasts has a duplicate under a higher number. After a call it is made anew
 * from the duplicate, and what is open beside is closed. To close some files can take long; a
 * process that has left such a file open is replaced.
 */
#ifndef FORKSCOPE_FRESH_DESCRIPTORS_H
#define FORKSCOPE_FRESH_DESCRIPTORS_H

#include "src/fresh/area.h"
#include <stdbool.h>

/* The files have been opened. False: no descriptors, or too many are open. */
bool fresh__descriptors_save(struct fresh__saved *saved, struct fresh__work *work);
/* False: a file was left open that can block when it is closed, or one that lasts has changed. */
bool fresh__descriptors_look(const struct fresh__saved *saved, struct fresh__work *work);
bool fresh__descriptors_put_back(const struct fresh__saved *saved, struct fresh__work *work);
/* Closes the duplicates. */
void fresh__descriptors_forget(const struct fresh__saved *saved);

#endif
