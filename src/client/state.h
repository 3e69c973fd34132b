/*
 * state.h - the state that the files of this room share
 *
 * One lock guards it; it is held only for steps that do not block. All sockets are in one epoll
 * set, on which any number of threads may wait.
 */
#ifndef FORKSCOPE_CLIENT_STATE_H
#define FORKSCOPE_CLIENT_STATE_H

#include "forkserver/forkserver.h"
#include "src/base/list.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One server. The server that replaces a dead one has the same index. */
struct procspawn__link {
    int fd;                     /* -1: no server now */
    int pidfd;                  /* of the server; -1: not available */
    pid_t server;
    uint64_t serial;
    bool ready;                 /* READY was received */
    int64_t looked_at;          /* when LOOK was last sent; atomic: it is read without the lock */
};

enum { PROCSPAWN__DYING_MAX = 2 * FORKSERVER_MAX_SERVERS };

struct procspawn__client {
    pthread_mutex_t lock;
    int epoll;                  /* atomic: it is read without the lock; -1: none */
    int root;                   /* the ROOT link; -1: in a child, or the root is gone */
    bool root_muted;            /* not in the set: a shortage prevents receiving its message */
    int root_refusal;           /* why there may be no server: from the root, or a shortage; or 0 */
    unsigned count;
    struct procspawn__link links[FORKSERVER_MAX_SERVERS];
    uint64_t gone[FORKSERVER_MAX_SERVERS];  /* serial: up to this server all processes are gone */
    int dying[PROCSPAWN__DYING_MAX];    /* pidfds of dead servers that this process may inherit */
    unsigned dying_count;
    unsigned losses;            /* counts servers that died: requests sent to them are lost */

    unsigned turn;              /* index of the server that is asked next */
    unsigned asking;            /* threads that have sent a request and wait */
    unsigned refused;           /* refusals that were received and not returned to a thread yet */
    int refusal;                /* the last one, -errno */
    unsigned spare_count;       /* children in stock */

    struct list awaits;         /* pending questions for ends of children */
};

extern struct procspawn__client procspawn__client;

#endif
