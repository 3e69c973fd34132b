/*
 * state.h - the state that the files of this room share
 *
 * One lock guards it; it is held only for steps that do not block. All sockets are in one epoll
 * set, on which any number of threads may wait.
 */
#ifndef FORKSCOPE_CLIENT_STATE_H
#define FORKSCOPE_CLIENT_STATE_H

#include "forkserver/forkserver.h"
#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/client/lock.h"
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
    /* atomic: it is read without the lock; -1: none */
    int epoll GUARDED_BY(client_lock);
    int root GUARDED_BY(client_lock);  /* the ROOT link; -1: in a child, or the root is gone */
    /* not in the set: a shortage prevents receiving its message */
    bool root_muted GUARDED_BY(client_lock);
    /* why there may be no server: from the root, or a shortage; or 0 */
    int root_refusal GUARDED_BY(client_lock);
    unsigned count GUARDED_BY(client_lock);
    struct procspawn__link links[FORKSERVER_MAX_SERVERS] GUARDED_BY(client_lock);
    /* serial: up to this server all processes are gone */
    uint64_t gone[FORKSERVER_MAX_SERVERS] GUARDED_BY(client_lock);
    /* pidfds of dead servers that this process may inherit */
    int dying[PROCSPAWN__DYING_MAX] GUARDED_BY(client_lock);
    unsigned dying_count GUARDED_BY(client_lock);
    /* counts servers that died: requests sent to them are lost */
    unsigned losses GUARDED_BY(client_lock);
    /* counts looks for links that the program has closed */
    unsigned looks GUARDED_BY(client_lock);

    uint64_t active GUARDED_BY(client_lock);    /* bit set of the servers that are asked */
    unsigned least GUARDED_BY(client_lock);     /* how many are active, at least and at most */
    unsigned most GUARDED_BY(client_lock);
    unsigned wanted GUARDED_BY(client_lock);    /* how many are to be active, */
    int64_t wanted_until GUARDED_BY(client_lock);  /* if not more, until then */

    unsigned turn GUARDED_BY(client_lock);      /* index of the server that is asked next */
    unsigned asking GUARDED_BY(client_lock);    /* threads that have sent a request and wait */
    /* refusals that were received and not returned to a thread yet */
    unsigned refused GUARDED_BY(client_lock);
    int refusal GUARDED_BY(client_lock);        /* the last one, -errno */
    bool was_asked GUARDED_BY(client_lock);     /* a server was asked for children */
    unsigned spare_count GUARDED_BY(client_lock);  /* children in stock */

    struct list examinations GUARDED_BY(client_lock);   /* pending questions for reports */
    uint64_t questions GUARDED_BY(client_lock);  /* number of the last of them */
    struct list awaits GUARDED_BY(client_lock);  /* pending questions for ends of children */
};

extern struct procspawn__client procspawn__client;

static inline void procspawn__client_enter(void) LOCKS(client_lock)
{
    pthread_mutex_lock(&procspawn__client.lock);
}

static inline void procspawn__client_leave(void) UNLOCKS(client_lock)
{
    pthread_mutex_unlock(&procspawn__client.lock);
}

#endif
