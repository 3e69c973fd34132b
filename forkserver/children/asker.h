/*
 * asker.h - a process that requests children: the host, or a child
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_ASKER_H
#define FORKSCOPE_FORKSERVER_CHILDREN_ASKER_H

#include "forkserver/children/link.h"
#include "forkserver/children/watch.h"
#include <stdbool.h>
#include <stdint.h>

struct child;
struct purge;

struct asker {
    enum watch watch;
    struct link link;
    bool closed;                /* its requests are no longer read */
    struct child *owner;        /* NULL: the host */
    uint32_t credits;           /* children requested and not yet offered */
    uint32_t spares;            /* offers that are not known to be taken */
    uint64_t epoch;             /* number of FORK requests; earlier offers are taken */
    uint32_t children;          /* alive */
};

/* Watches the link for requests. Returns 0 or -errno. */
int forkserver__asker_open(struct asker *asker, int epoll);
/* Reads no more requests. */
void forkserver__asker_close(struct asker *asker, int epoll);
/* Closes the link, or leaves that to purge; the asker can no longer use it. */
void forkserver__asker_free(struct asker *asker, int epoll, struct purge *purge);

#endif
