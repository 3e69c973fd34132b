/*
 * options.h - what init gives to root and servers, and what a server gives to a child
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_OPTIONS_H
#define FORKSCOPE_FORKSERVER_CHILDREN_OPTIONS_H

#include "src/wire/board.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { FORKSERVER_MAX_SERVERS = 64 };

/* The name of the root process; the kernel cuts names after 15 bytes. */
#define FORKSERVER_ROOT_NAME "forkscope-root"
#define FORKSERVER_SERVER_NAME "forkscope-serve"

/* What a child gets at its start. */
struct forkserver_child {
    int channel;                /* its end of the channel; the spawner has the other */
    int link;                   /* to its server, to request children of its own */
    pid_t server;
    pid_t requester;            /* process that may use the child */
    unsigned depth;             /* 0: the requester is the host; 1: a child of it; and so on */
    int64_t idle_timeout;       /* as a spare, in nanoseconds; BASE_NEVER: none */
    bool on_demand;             /* a call is waiting for the child */
};

struct forkserver_options {
    pid_t host;
    int host_link;              /* root's end of the ROOT link */
    int host_pidfd;             /* readable when the host has ended; -1 if there is none */
    uint64_t held;              /* bit set of descriptor numbers that children must not reuse */
    unsigned servers;           /* at the start; 1 to FORKSERVER_MAX_SERVERS */
    uint64_t serial;            /* of the last server of an earlier root; new serials are higher */
    unsigned spares;            /* children forked ahead of demand, all servers together */
    int64_t loaded_time;        /* that the root may use to copy memory (process/loaded.h) */
    unsigned nested_each;       /* limits of nested children: of each child, and of all together */
    unsigned nested_all;
    struct wire_board *board;   /* FORKSERVER_MAX_SERVERS of them */
    char program[16];           /* name of its main thread, which children get; "": not known */
    bool catch_crashes;
    bool capture_backtraces;
    bool resolve_backtraces;
    bool resolve_lines;
    bool limits_debugged;       /* time limits also end a child that has a debugger */
    void (*prepare)(void);      /* called once in each server, before it forks */
    bool (*idle_step)(void);    /* one step of what may wait; false: it was the last */
    void (*enter)(const struct forkserver_child *child);    /* runs the child; does not return */
};

#endif
