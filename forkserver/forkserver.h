/*
 * forkserver.h - the interface of the fork server
 *
 * Three kinds of processes, all forked from the host as it was at init; none calls exec:
 *
 *   root     forked by the host; forks the servers, replaces dead ones, ends them all (root.c)
 *   server   forked by the root; forks the children, watches and reaps them (server.c)
 *   child    forked by a server; waits for its call in options.enter
 *
 * All have one thread. Roots and servers block all signals, have sessions of their own, use
 * /dev/null as standard streams and keep no descriptor of the host. They are subreapers and kill
 * orphans.
 */
#ifndef FORKSCOPE_FORKSERVER_FORKSERVER_H
#define FORKSCOPE_FORKSERVER_FORKSERVER_H

#include "forkserver/children/options.h"

/* Runs the root process. Entered with all signals blocked. Never returns. */
void forkserver__root_main(const struct forkserver_options *options) __attribute__((noreturn));

#endif
