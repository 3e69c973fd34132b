/*
 * spaces.h - root directory and namespaces
 */
#ifndef FORKSCOPE_FRESH_SPACES_H
#define FORKSCOPE_FRESH_SPACES_H

#include "src/fresh/area.h"
#include <stdbool.h>

/* Reads the names of the namespaces from /proc/self/ns. */
void fresh__spaces_read(int directory, char text[][FRESH__SPACE]);

bool fresh__spaces_save(struct fresh__saved *saved, struct fresh__work *work);
/* Enters those of the server again. False: there are others, and they cannot be put back. */
bool fresh__spaces_look(const struct fresh__saved *saved, struct fresh__work *work);

#endif
