/*
 * root_process.h - the root of the fork server as a process of the host: forks, signals, reaps it
 *
 * The root is a child without an exit signal: no wait() of the program returns it, and it causes no
 * SIGCHLD. Its process id is not reused until it is reaped. If clone(2) refuses such a child, the
 * root is a grandchild whose parent has exited.
 */
#ifndef FORKSCOPE_CLIENT_ROOT_PROCESS_H
#define FORKSCOPE_CLIENT_ROOT_PROCESS_H

#include "forkserver/forkserver.h"
#include <stdbool.h>
#include <stdint.h>

/* Forks the root. Closes options->host_link and options->host_pidfd here. 0 or -errno. */
int procspawn__root_start(const struct forkserver_options *options);

/* Sends a signal to the root, unless it has been reaped. */
void procspawn__root_signal(int signal);

/* Waits for the end of the root and reaps it. 0, also if there is no root; or -ETIMEDOUT. */
int procspawn__root_reap(int64_t deadline);

/* After the root's link has closed: reaps the root if it is dead. May be called again. */
void procspawn__root_lost(void);

/* May the calling thread inspect the root, as ptrace(2) checks it? True if there is no root. */
bool procspawn__root_readable(void);

/* In a child by fork(2): the root is not a child of this process. */
void procspawn__root_forget(void);

#endif
