/*
 * lock.h - the lock of this room, by name (src/base/guarded.h)
 */
#ifndef FORKSCOPE_CLIENT_LOCK_H
#define FORKSCOPE_CLIENT_LOCK_H

#include "src/base/guarded.h"

extern struct base__lock client_lock;

#endif
