/*
 * worker_message.h - one message of a worker: received and judged, not yet acted upon
 */
#ifndef FORKSCOPE_POOL_WORKER_MESSAGE_H
#define FORKSCOPE_POOL_WORKER_MESSAGE_H

#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/pool/worker.h"
#include <stdbool.h>

struct procspawn__report {
    struct procspawn__incoming incoming;
    bool too_big;               /* RESULT, FAILURE: the worker uses more memory than allowed */
    bool server_lost;           /* END: the server died; else the worker shut down its channel */
    struct procspawn__answer answer;    /* RESULT, FAILURE, BACKTRACE */
};

/*
 * Receives one message, if there is one. Without the pool's lock, in the thread that hears the
 * worker: the bytes are untrusted, and decoding them may take long.
 */
void procspawn__report_receive(struct procspawn__worker *worker, struct procspawn__report *report);

#endif
