/*
 * collector_state.h - what the threads of the collector share
 *
 * A process that writes into a pipe holds the pipe's lock in the kernel while its memory is read. A
 * page that it never provides (userfaultfd, FUSE) keeps the lock held; then read(2), ioctl(2) and
 * close(2) of the other end wait, and cannot be interrupted. So these are done by a thread, the
 * reader, without the lock of the collector. When one of them takes longer than a moment, another
 * reader goes on with the other calls, and the one that waits has that call for itself.
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_STATE_H
#define FORKSCOPE_CALL_COLLECTOR_STATE_H

#include "src/base/list.h"
#include "src/call/captured.h"
#include "src/call/ring.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;

struct stream {
    struct capture *capture;
    struct procspawn__ring_view view;
    int fd;                     /* -1: there is none, or it has ended */
};

/* A captured call. */
struct capture {
    struct list link;
    uint64_t id;
    bool served;                /* a reader works on it */
    struct procspawn__captured *captured;
    size_t size;
    struct stream streams[PROCSPAWN__CAPTURED_STREAMS];
};

struct collector {
    pthread_mutex_t lock;       /* guards the rest, and the captures */
    pthread_cond_t changed;
    struct list captures;
    int epoll;
    bool listening;             /* the socket is in the epoll set */
    bool ended;                 /* the program has closed its socket */
    int64_t look_at;            /* when calls that have ended are looked for */
    unsigned reader;            /* number of the reader that waits for events */
    struct capture *serving;    /* what it works on, NULL: nothing; */
    int64_t since;              /* and since when */
};

/* A thread. The one that waits for events is the current one. */
struct reader {
    struct collector *collector;
    unsigned number;
};

/* False: it has been replaced. */
static inline bool procspawn__reader_is_current(const struct reader *reader)
{
    return reader->collector->reader == reader->number;
}

static inline void procspawn__reader_enter(const struct reader *reader)
{
    pthread_mutex_lock(&reader->collector->lock);
}

static inline void procspawn__reader_leave(const struct reader *reader)
{
    pthread_mutex_unlock(&reader->collector->lock);
}

#endif
