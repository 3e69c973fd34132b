/*
 * root.h - the root of the fork server, as its host sees it
 *
 * The root is a child of the host that has no exit signal, so that no wait() of the host's sees it
 * and no SIGCHLD tells of it. Until it has been reaped its process id is its own. Only where such a
 * child is refused it is an orphan.
 */
#ifndef FORKSCOPE_PROC_ROOT_H
#define FORKSCOPE_PROC_ROOT_H

#include "forkserver/forkserver.h"
#include <stdbool.h>
#include <stdint.h>

/* Forks it. options->host_link and options->host_pidfd are the root's and closed here. 0 or
 * -errno. */
int procspawn__root_start(const struct forkserver_options *options);

/* A signal, if it has not been reaped. */
void procspawn__root_signal(int signal);

/* Waits until it has ended and reaps it. 0, also without a root, or -ETIMEDOUT. */
int procspawn__root_reap(int64_t deadline);

/* The root has closed its link: it is reaped if it is dead, which may be a moment later. */
void procspawn__root_lost(void);

/* May the calling thread look into it, as into a process of its own kind? Also without a root. */
bool procspawn__root_readable(void);

/* This process is another one's copy, and has no root. */
void procspawn__root_forget(void);

#endif
