/*
 * memory_room.h - how much memory is free
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_MEMORY_ROOM_H
#define FORKSCOPE_FORKSERVER_PROCESS_MEMORY_ROOM_H

#include <stddef.h>

/*
 * Returns how many bytes this process could use before the kernel kills processes for lack of
 * memory: of the machine, and of each control group that it is in, in either version of them. 0:
 * not known.
 */
size_t forkserver__memory_room(void);

#endif
