/*
 * child.h - the life of a child
 */
#ifndef FORKSCOPE_CHILD_CHILD_H
#define FORKSCOPE_CHILD_CHILD_H

#include "forkserver/forkserver.h"

/* The life of a child, from its birth as a spare. */
void procspawn__child_enter(const struct forkserver_child *child);
/* What all children will need, done once in their server. */
void procspawn__child_prepare(void);

#endif
