/*
 * client.h - the asking side from the inside
 *
 *   client_links.c   the sockets to the root and the servers: their loss, and what comes up them
 *   client.c         who needs a child: spares, wishes, refusals
 *   client_word.c    what a server is told of a single child, and tells of it beside its channel
 *
 * One lock guards all of it; it is only held for steps that do not block. All sockets are watched
 * through one epoll descriptor, which any number of threads may wait for.
 */
#ifndef FORKSCOPE_PROC_CLIENT_H
#define FORKSCOPE_PROC_CLIENT_H

#include "src/base/list.h"
#include "src/call/internal.h"

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

/* ---- client_links.c: all with the lock held ---- */

/* No server, no root. */
void procspawn__links_init(unsigned count);
/* The set that is waited for; a child has none before it asks, and most never do. 0 or -errno. */
int procspawn__links_watch(void);
/* Takes in what the servers have said, and what the root has. */
void procspawn__links_hear(void);
void procspawn__links_hear_root(void);
void procspawn__links_lose(unsigned index);
void procspawn__links_close(void);
/* Servers that ended when the root was gone, and became this process's own: are all reaped? */
bool procspawn__links_bury(void);
unsigned procspawn__links_alive(void);
/* Without the lock: until something may have come, at most until the deadline; other: a descriptor
 * that is waited for as well, or -1. */
void procspawn__links_wait(int other, int64_t deadline);

/* ---- client.c: what comes up a link about children to take ---- */

void procspawn__spares_add(unsigned index, struct wire_frame *frame);
void procspawn__spares_drop(unsigned index);
void procspawn__refuse(int error, unsigned count);

/* ---- client_word.c: what comes up a link about a child's end ---- */

void procspawn__ended(unsigned index, const struct wire_ended *ended);

#endif
