/*
 * news.c - receives one message of a worker's channel, and checks its sender and its contents
 *
 * The pool's lock is not held: the bytes are untrusted, and decoding them may take long.
 */
#include "src/base/fd.h"
#include "src/base/shortage.h"
#include "src/call/builder.h"
#include "src/call/outcome.h"
#include "src/client/child_end.h"
#include "src/client/taken.h"
#include "src/pool/pool.h"
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

static void read_result(struct procspawn__worker *worker, struct procspawn__report *report)
{
    struct wire_frame *frame = &worker->frame;
    struct wire_value head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    report->kind = PROCSPAWN__REPORT_RESULT;
    report->generation = head.generation;
    report->stays = true;
    procspawn__answer_keep(&report->answer, frame, &worker->pool->process->limit);
}

static void read_failure(const struct wire_frame *frame, struct procspawn__report *report)
{
    struct wire_failure head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    report->kind = PROCSPAWN__REPORT_FAILURE;
    report->generation = head.generation;
    report->stays = head.stays;
    procspawn__answer_failure(&report->answer, frame);
}

static void read_from_worker(struct procspawn__worker *worker, struct procspawn__report *report)
{
    report->kind = PROCSPAWN__REPORT_BROKEN;
    if (worker->frame.header.type == WIRE_RESULT)
        read_result(worker, report);
    else if (worker->frame.header.type == WIRE_FAILURE)
        read_failure(&worker->frame, report);
    if (report->kind != PROCSPAWN__REPORT_BROKEN)
        report->too_big = too_big(worker);
}

static void read_from_server(struct wire_frame *frame, struct procspawn__report *report)
{
    if (frame->header.type == WIRE_BACKTRACE) {
        report->kind = PROCSPAWN__REPORT_BACKTRACE;
        procspawn__answer_backtrace(&report->answer, frame);
    } else if (frame->header.type == WIRE_DEATH && frame->header.length == sizeof report->death) {
        report->kind = PROCSPAWN__REPORT_DEATH;
        memcpy(&report->death, frame->body, sizeof report->death);
    }
}

/* Checks the sender first: any process that has the channel could send a forged answer. */
static void read_frame(struct procspawn__worker *worker, int rc, struct procspawn__report *report)
{
    bool from_worker = worker->frame.sender == worker->taken.pid;

    report->kind = PROCSPAWN__REPORT_IGNORED;
    if (rc < 0 && from_worker)
        report->kind = PROCSPAWN__REPORT_BROKEN;
    else if (rc == 0 && from_worker)
        read_from_worker(worker, report);
    else if (rc == 0 && procspawn__taken_vouched(&worker->taken, &worker->frame))
        read_from_server(&worker->frame, report);
    wire__close_fds(&worker->frame);
}

/*
 * The channel has ended without DEATH. The channel was full, and the server reports the death on
 * its link; or the worker has shut down the channel; or the server has died.
 */
static void read_end(struct procspawn__worker *worker, struct procspawn__report *report)
{
    report->kind = PROCSPAWN__REPORT_END;
    report->server_lost = procspawn__client_fate(&worker->taken) != PROCSPAWN__SERVED;
    if (report->server_lost || report->closed)
        return;
    if (procspawn__client_await(&worker->await, &worker->taken, true) == 0 && worker->await.known) {
        report->kind = PROCSPAWN__REPORT_DEATH;
        report->death = worker->await.death;
    }
}

void procspawn__report_receive(struct procspawn__worker *worker, struct procspawn__report *report)
{
    int rc = wire__recv(worker->taken.channel, &worker->frame, true);

    *report = (struct procspawn__report){ .was_reset = worker->frame.was_reset };
    if (rc == 0 || rc == -EPROTO) {
        read_frame(worker, rc, report);
    } else if (rc == -EMFILE && worker->frame.lossy) {
        report->kind = PROCSPAWN__REPORT_IGNORED;
    } else if (base__is_shortage(rc)) {
        report->error = rc;
    } else if (rc != -EAGAIN) {
        report->closed = rc == -EBADF;
        read_end(worker, report);
    }
}
