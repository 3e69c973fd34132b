/*
 * capture.h - captures what one call writes to stdout and stderr
 */
#ifndef FORKSCOPE_POOL_CAPTURE_H
#define FORKSCOPE_POOL_CAPTURE_H

#include "src/call/request.h"
#include "src/pool/state.h"
#include <stdbool.h>
#include <stdint.h>

/* A captured output stream of one call. */
struct procspawn__capture {
    int ends[2];                /* the pipe, while a worker runs the call; else -1 */
    int memory;                 /* memfd with the output; -1 if the stream is not captured */
    uint64_t length;            /* bytes in the memfd */
};

/* The streams of a call, by number: only 1 and 2 are used. */
struct procspawn__captures {
    struct procspawn__capture stream[PROCSPAWN__STREAMS];
};

void procspawn__captures_init(struct procspawn__captures *captures);
/*
 * Without the pool's lock: opens memfds for the streams that the pool captures, and has the request
 * say so. pipes[1] and pipes[2]: descriptors of them for the caller. 0 or -errno; what was opened
 * is closed by procspawn__captures_close, and with the caller's pipes.
 */
int procspawn__captures_open(struct procspawn__captures *captures,
                             const struct procspawn__pool_config *config,
                             struct procspawn__request *request, int pipes[3]) EXCLUDES(pool_lock);
void procspawn__captures_close(struct procspawn__captures *captures);
/*
 * Open the pipes for the worker that is sent the request, 0 or -errno; and close them. request:
 * NULL if it is gone. With the pool's lock held.
 */
int procspawn__captures_start(struct procspawn__captures *captures, const procspawn_pool *pool,
                              uint64_t serial, struct procspawn__request *request)
    REQUIRES(pool_lock);
void procspawn__captures_stop(struct procspawn__captures *captures, const procspawn_pool *pool,
                              struct procspawn__request *request) REQUIRES(pool_lock);
bool procspawn__captures_run(const struct procspawn__captures *captures);
/*
 * Without the pool's lock, in the thread that receives: moves output from the pipes to the
 * memfds, up to this number of bytes each.
 */
void procspawn__captures_drain(struct procspawn__captures *captures, uint64_t limit)
    EXCLUDES(pool_lock);

#endif
