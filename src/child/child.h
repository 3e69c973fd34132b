/*
 * child.h - entry points of a child process, called by the fork server
 */
#ifndef FORKSCOPE_CHILD_CHILD_H
#define FORKSCOPE_CHILD_CHILD_H

#include "forkserver/forkserver.h"

/* In a new child: waits for calls and runs them. Does not return. */
void procspawn__child_enter(const struct forkserver_child *child);
/* In a server, once: prepares what all of its children need. */
void procspawn__child_prepare(void);

#endif
