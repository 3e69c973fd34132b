/*
 * forkserver.h - the one door to the fork server
 *
 * Three kinds of processes, all forked from the host as it was at init and never executed anew:
 *
 *   root     forked by the host; forks the servers, replaces one that died, ends them all (root.c)
 *   server   forked by the root; forks the children, watches and reaps them (server.c)
 *   child    forked by a server; waits in the host's code for its call (options.enter)
 *
 * All of them have one thread. Roots and servers block every signal, are strangers to the terminal,
 * hold /dev/null as standard streams and no descriptor of the host. They adopt what their
 * descendants leave behind and end it.
 */
#ifndef FORKSCOPE_FORKSERVER_H
#define FORKSCOPE_FORKSERVER_H

#include "src/wire/board.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    FORKSERVER_MAX_SERVERS = 8,
    FORKSERVER_HELD = 64        /* lower numbers can be held */
};

/* The name of the root process; the kernel cuts names after 15 bytes. */
#define FORKSERVER_ROOT_NAME "forkscope-root"

/* What a child has when it starts: its channel, and who forked it. */
struct forkserver_child {
    int channel;                /* to whoever takes the child */
    int link;                   /* to its server: where to ask for children of its own */
    pid_t server;
    pid_t asker;                /* who may take it */
    unsigned depth;             /* 0: the asker is the host; 1: a child of the host; and so on */
    int64_t patience;           /* as a spare, in nanoseconds; BASE_NEVER: for ever */
    bool awaited;               /* no time to lose: somebody wants it already */
};

struct forkserver_options {
    pid_t host;
    int host_link;              /* root's end of the ROOT link */
    int host_pidfd;             /* readable when the host is gone; -1 if there is none */
    uint64_t held;              /* numbers of descriptors that children shall not reuse */
    unsigned servers;           /* 1 to FORKSERVER_MAX_SERVERS */
    uint64_t serial;            /* of the last server before this root; the next ones are higher */
    unsigned spares;            /* children forked ahead of need, all servers together */
    unsigned nested_each;       /* how many children a child may have, and all of them together */
    unsigned nested_all;
    struct wire_board *board;   /* one for each server */
    bool catch_crashes;
    bool capture_backtraces;
    bool resolve_backtraces;
    void (*prepare)(void);      /* run once in each server, for all its children to come */
    void (*enter)(const struct forkserver_child *child);    /* the child's life; does not return */
};

/* The numbers behind the standard streams that have a descriptor here, one bit each. */
uint64_t forkserver__open_numbers(void);

/* Is there every system call that roots and servers cannot do without? 0 or -errno. Changes
 * nothing. */
int forkserver__probe(void);

/* The life of the root process, entered with all signals blocked. Never returns. */
void forkserver__root_main(const struct forkserver_options *options) __attribute__((noreturn));

#endif
