/*
 * shortage.h - errors that say that something is used up just now
 */
#ifndef FORKSCOPE_BASE_SHORTAGE_H
#define FORKSCOPE_BASE_SHORTAGE_H

#include <stdbool.h>

/*
 * Is this -errno a shortage that may end: of descriptors, memory, epoll(7) watches, or descriptors
 * under way? -EAGAIN is none here: mostly it means that a socket is empty or full.
 */
bool base__is_shortage(int rc);

#endif
