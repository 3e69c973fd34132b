/*
 * worker_message.c - one message of a worker: received and judged, not yet acted upon
 */
#include "src/pool/worker_message.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/incoming.h"
#include "src/client/child_end.h"
#include "src/client/taken.h"
#include "src/pool/backoff.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The second number in statm is the number of resident pages. */
static bool too_big(struct procspawn__worker *worker)
{
    uint64_t limit = worker->pool->plan.recycle_bytes;
    char text[64];

    if (limit == 0)
        return false;
    if (!base__fd_is_ours(worker->statm)) {
        base__fd_release(worker->statm);
        snprintf(text, sizeof text, "/proc/%d/statm", (int)worker->taken.pid);
        worker->statm = base__fd_hold(open(text, O_RDONLY | O_CLOEXEC));
    }
    ssize_t length = pread(worker->statm, text, sizeof text - 1, 0);
    if (length <= 0)
        return false;
    text[length] = '\0';
    uint64_t pages = strtoull(text + strcspn(text, " "), NULL, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) > limit;
}

/*
 * The channel has ended without DEATH. The channel was full, and the server reports the death on
 * its link; or the worker has shut down the channel; or the server has died.
 */
static void on_end(struct procspawn__worker *worker, struct procspawn__report *report)
{
    report->server_lost = procspawn__client_fate(&worker->taken) != PROCSPAWN__SERVED;
    if (report->server_lost || report->incoming.kind == PROCSPAWN__INCOMING_CLOSED)
        return;
    if (procspawn__client_await(&worker->await, &worker->taken, true) == 0 && worker->await.known) {
        report->incoming.kind = PROCSPAWN__INCOMING_DEATH;
        report->incoming.death = worker->await.death;
    }
}

/* A channel that cannot be used any more is at its end. */
static void on_nothing(struct procspawn__worker *worker, struct procspawn__report *report)
{
    if (procspawn__may_pass(report->incoming.error))
        return;
    report->incoming.kind = PROCSPAWN__INCOMING_END;
    report->incoming.error = 0;
    on_end(worker, report);
}

void procspawn__report_receive(struct procspawn__worker *worker, struct procspawn__report *report)
{
    *report = (struct procspawn__report){ .too_big = false };
    procspawn__incoming_receive(&worker->taken, &worker->room, worker->lossy,
                                &worker->pool->process->limit, &report->answer, &report->incoming);
    switch (report->incoming.kind) {
    case PROCSPAWN__INCOMING_RESULT:
    case PROCSPAWN__INCOMING_FAILURE:
        report->too_big = too_big(worker);
        break;
    case PROCSPAWN__INCOMING_END:
    case PROCSPAWN__INCOMING_CLOSED:
        on_end(worker, report);
        break;
    case PROCSPAWN__INCOMING_NOTHING:
        on_nothing(worker, report);
        break;
    default:
        break;
    }
}
