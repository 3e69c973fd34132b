/*
 * server.h - the process that forks children
 */
#ifndef FORKSCOPE_FORKSERVER_SERVER_H
#define FORKSCOPE_FORKSERVER_SERVER_H

struct forkserver_options;

/* Runs a server in a process that the root has just forked. */
void forkserver__server_main(const struct forkserver_options *options, unsigned index,
                             int host_link, int root_link, int host_pidfd)
    __attribute__((noreturn));

#endif
