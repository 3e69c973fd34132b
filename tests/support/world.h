/*
 * world.h - one object of each kind that has a descriptor, in use
 */
#ifndef FORKSCOPE_SUPPORT_WORLD_H
#define FORKSCOPE_SUPPORT_WORLD_H

#include <stdbool.h>

/* Opens the pipe that it needs, which is none of its descriptors. Returns false if that fails. */
bool world_prepare(void);

/* Stops all processes of the library, so that they do nothing meanwhile. */
void world_stop_below(void);

/* Lets them go on. */
void world_continue_below(void);

/* Makes one of everything. What goes wrong is blamed. */
void world_make(void);

/* Uses and frees everything, whatever became of its descriptors; then procspawn_fini. */
void world_end(void);

#endif
