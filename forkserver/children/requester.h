/*
 * requester.h - a process that requests children: the host, or a child
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_REQUESTER_H
#define FORKSCOPE_FORKSERVER_CHILDREN_REQUESTER_H

#include "forkserver/children/link.h"
#include "forkserver/children/watch.h"
#include <stdbool.h>
#include <stdint.h>

struct child;
struct purge;

struct requester {
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
int forkserver__requester_open(struct requester *requester, int epoll);
/* Reads no more requests. */
void forkserver__requester_close(struct requester *requester, int epoll);
/* Closes the link, or leaves that to purge; the requester can no longer use it. */
void forkserver__requester_free(struct requester *requester, int epoll, struct purge *purge);

#endif
