/*
 * spaces.h - root directory and namespaces, of a process that has the right to change them
 *
 * Another process needs a user namespace of its own for that, which /proc/self/status tells by ids
 * and capabilities.
 */
#ifndef FORKSCOPE_FRESH_SPACES_H
#define FORKSCOPE_FRESH_SPACES_H

#include "src/fresh/area.h"
#include <stdbool.h>

/* Reads the names of namespaces from /proc/self/ns. Those of all, if count is FRESH__SPACES. */
void fresh__spaces_read(int directory, int count, char text[][FRESH__SPACE]);

bool fresh__spaces_save(struct fresh__saved *saved, struct fresh__work *work);
/* False: they are others, and cannot be put back. */
bool fresh__spaces_look(const struct fresh__saved *saved, struct fresh__work *work);
bool fresh__spaces_put_back(const struct fresh__saved *saved, struct fresh__work *work);

#endif
