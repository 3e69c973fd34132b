/*
 * tree_lock.h - the lock of a tree, by name (src/base/guarded.h)
 *
 * A comment that says "Locked" means it; the attribute REQUIRES(tree_lock) says the same.
 */
#ifndef FORKSCOPE_SCOPE_TREE_LOCK_H
#define FORKSCOPE_SCOPE_TREE_LOCK_H

#include "src/base/guarded.h"

extern struct base__lock tree_lock;

#endif
