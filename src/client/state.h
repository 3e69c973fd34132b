/*
 * state.h - the asking side of the fork server: what its files share
 *
 * One lock guards all of it; it is only held for steps that do not block. All sockets are watched
 * through one epoll descriptor, which any number of threads may wait for.
 */
#ifndef FORKSCOPE_CLIENT_STATE_H
#define FORKSCOPE_CLIENT_STATE_H

#include "forkserver/forkserver.h"
#include "src/base/list.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One server. A dead one is replaced in its place. */
struct procspawn__link {
    int fd;                     /* -1: no server now */
    int pidfd;                  /* of the server; -1 where that is not to be had */
    pid_t server;
    uint64_t serial;
    bool ready;                 /* it has come up */
    int64_t looked_at;          /* when it was last asked to look at the board */
};

enum { PROCSPAWN__DYING_MAX = 2 * FORKSERVER_MAX_SERVERS };

struct procspawn__client {
    pthread_mutex_t lock;
    int epoll;
    int root;                   /* the ROOT link, -1 in a child or when the root is gone */
    bool root_muted;            /* a message of the root waits for room, and wakes nobody */
    int root_refusal;           /* why there may be no server: the root's word, or that; 0: none */
    unsigned count;
    struct procspawn__link links[FORKSERVER_MAX_SERVERS];
    uint64_t gone[FORKSERVER_MAX_SERVERS];  /* servers up to this one have left nothing */
    int dying[PROCSPAWN__DYING_MAX];    /* pidfds of servers that may become this process's own */
    unsigned dying_count;
    unsigned losses;            /* servers that have died: what they were asked for is lost */

    unsigned turn;              /* which server is asked next */
    unsigned asking;            /* threads that have asked and wait */
    unsigned refused;           /* refusals that nobody has taken yet */
    int refusal;
    unsigned spare_count;

    struct list awaits;         /* those who wait for word of a child's end */
};

extern struct procspawn__client procspawn__client;

#endif
