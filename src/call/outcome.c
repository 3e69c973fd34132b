/*
 * outcome.c - the outcome of one call, from the messages that it came in
 */
#include "src/call/outcome.h"

#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/crash/backtrace.h"
#include "src/crash/report_file.h"
#include "src/error/death.h"
#include "src/error/error.h"
#include "src/value/decoding.h"
#include "src/value/encoded.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/value/message.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void drop_unread(struct procspawn__unread *unread)
{
    if (unread->buffer)
        base__close_foreign(base__fd_release(unread->memfd));
    free(unread->buffer);
    unread->buffer = NULL;
}

void procspawn__outcome_fini(struct procspawn__outcome *outcome)
{
    drop_unread(&outcome->report);
    drop_unread(&outcome->failure);
    procspawn__decoding_drop(outcome->decoding);
    procspawn__encoded_free(outcome->encoded);
    json_decref(outcome->result);
    procspawn__fd_owner_release(&outcome->fd_owner);
    procspawn_error_free(outcome->error);
    free(outcome->trace);
}

void procspawn__outcome_forget(struct procspawn__outcome *outcome)
{
    /* Its thread is not in this process. What it was changing just then is left alone. */
    if (!outcome->decoding)
        procspawn__encoded_forget(outcome->encoded);
    outcome->decoding = NULL;
    outcome->encoded = NULL;
    outcome->fd_owner = (struct procspawn__fd_owner){ NULL };
    outcome->report.memfd = -1;
    procspawn__outcome_fini(outcome);
}

/* The outcome comes now, and the child has said nothing of its times. */
static void note_time(struct procspawn__outcome *outcome)
{
    outcome->times.ended = base__now();
}

/* The times that the child says are believed if they lie within those that the host knows. */
static void adopt_times(struct procspawn__outcome *outcome, const struct wire_times *times)
{
    note_time(outcome);
    if (times->began == 0)
        outcome->times.began = outcome->times.ended;
    else if (times->began >= outcome->times.began && times->ended >= times->began &&
             times->ended <= outcome->times.ended)
        outcome->times = *times;
}

void procspawn__outcome_fail(struct procspawn__outcome *outcome, procspawn_error *error)
{
    if (outcome->state != PROCSPAWN__PENDING) {
        procspawn_error_free(error);
        return;
    }
    note_time(outcome);
    outcome->state = PROCSPAWN__FAILED;
    outcome->error = error;
}

static bool is_null(const struct wire_frame *frame, struct wire_value head)
{
    return head.place == WIRE_INLINE && head.attached_length == 0 && !head.failed &&
           head.length == frame->header.length - sizeof head &&
           procspawn__text_is_null((const unsigned char *)frame->body + sizeof head, head.length);
}

int procspawn__outcome_result(struct procspawn__outcome *outcome, struct wire_frame *frame,
                              const procspawn__limit *limit,
                              struct procspawn__result_buffer *results,
                              struct procspawn__encoded **buffer)
{
    struct wire_value head;

    if (outcome->state != PROCSPAWN__PENDING || frame->header.length < sizeof head)
        return 0;
    memcpy(&head, frame->body, sizeof head);
    bool null = is_null(frame, head);
    int rc = null ? 0 : procspawn__encoded_new(frame, limit, results, *buffer,
                                               &outcome->encoded);
    if (rc == -EPROTO)
        return rc;
    outcome->reported = head.failed != 0;
    adopt_times(outcome, &head.times);
    if (null) {
        outcome->result = json_null();
        outcome->state = PROCSPAWN__RESULT;
        return 0;
    }
    if (rc < 0) {
        procspawn__outcome_fail(outcome,
                                procspawn__error_of_unreadable(rc, forkscope_strerror(rc)));
        return 0;
    }
    procspawn__encoded_move_out(&outcome->encoded, buffer);
    outcome->state = PROCSPAWN__UNDECODED;
    return 0;
}

/* Where no thread can be had it is decoded here, whatever the time. */
static int decode(struct procspawn__outcome *outcome, json_error_t *ret_detail)
{
    if (!outcome->decoding)
        return procspawn__encoded_decode(outcome->encoded, &outcome->fd_owner, NULL,
                                         &outcome->result, ret_detail);
    int rc = procspawn__decoding_take(outcome->decoding, &outcome->result, ret_detail);
    outcome->decoding = NULL;
    return rc;
}

static void start_thread(struct procspawn__outcome *outcome)
{
    if (!outcome->decoding && procspawn__decoding_is_long(outcome->encoded))
        procspawn__decoding_start(outcome->encoded, &outcome->fd_owner, &outcome->decoding);
}

int procspawn__outcome_begin_decoding(struct procspawn__outcome *outcome)
{
    if (outcome->state != PROCSPAWN__UNDECODED)
        return -1;
    start_thread(outcome);
    return outcome->decoding ? procspawn__decoding_fd(outcome->decoding) : -1;
}

static int wait_for_thread(struct procspawn__outcome *outcome, int64_t deadline)
{
    if (deadline == BASE_NEVER && !outcome->decoding)
        return 0;
    start_thread(outcome);
    return outcome->decoding ? procspawn__decoding_wait(outcome->decoding, deadline) : 0;
}

/* ---- failures ---- */

/* Without memory the message is left in the buffer, which is taken. */
static void leave_unread(struct procspawn__unread *unread, const struct wire_frame *frame,
                         struct procspawn__encoded **buffer, int memfd)
{
    *unread = (struct procspawn__unread){ *buffer, frame->header.length, base__fd_hold(memfd) };
    *buffer = NULL;
}

static void add_trace(struct procspawn__outcome *outcome)
{
    if (!outcome->error || outcome->error->trace)
        return;
    outcome->error->trace = outcome->trace;
    outcome->trace = NULL;
}

void procspawn__outcome_failure(struct procspawn__outcome *outcome, const struct wire_frame *frame,
                                struct procspawn__encoded **buffer)
{
    struct wire_failure head;

    if (outcome->state != PROCSPAWN__PENDING)
        return;
    outcome->state = PROCSPAWN__FAILED;
    outcome->error = procspawn__error_from_failure(frame->body, frame->header.length);
    if (frame->header.length >= sizeof head) {
        memcpy(&head, frame->body, sizeof head);
        adopt_times(outcome, &head.times);
    }
    add_trace(outcome);
    if (!outcome->error)
        leave_unread(&outcome->failure, frame, buffer, -1);
}

int procspawn__read_report(int memfd, struct backtrace *ret_trace)
{
    unsigned char *bytes = memfd >= 0 ? malloc(REPORT_FILE_BYTES) : NULL;
    if (!bytes)
        return memfd >= 0 ? -ENOMEM : -EBADMSG;
    ssize_t length = pread(memfd, bytes, REPORT_FILE_BYTES, 0);
    int rc = length > 0 ? crash__report_file_last(bytes, (size_t)length, ret_trace) : -EBADMSG;

    free(bytes);
    return rc;
}

/* The brief form of the backtrace lies in the message behind the token. */
static int read_brief(const unsigned char *body, size_t length, struct backtrace *ret_trace)
{
    struct backtrace_brief brief;

    if (length != sizeof(struct wire_token) + sizeof brief)
        return -EBADMSG;
    memcpy(&brief, body + sizeof(struct wire_token), sizeof brief);
    return crash__backtrace_get_brief(&brief, ret_trace);
}

/*
 * The report was made from the child's memory, so it is as untrusted as the child. If it is missing
 * or incomplete, the brief form in the message is used. 0, also if neither can be used; or -ENOMEM.
 */
static int read_trace(struct procspawn__outcome *outcome, const unsigned char *body, size_t length,
                      int memfd)
{
    struct backtrace *trace = malloc(sizeof *trace);
    if (!trace)
        return -ENOMEM;
    int rc = procspawn__read_report(memfd, trace);
    if (rc < 0 && rc != -ENOMEM)
        rc = read_brief(body, length, trace);
    if (rc == 0)
        outcome->trace = trace;
    else
        free(trace);
    return rc == -ENOMEM ? rc : 0;
}

void procspawn__outcome_backtrace(struct procspawn__outcome *outcome, struct wire_frame *frame,
                                  struct procspawn__encoded **buffer)
{
    if (outcome->trace || outcome->report.buffer)
        return;
    int memfd = wire__take_fd(frame, 0);
    if (read_trace(outcome, frame->body, frame->header.length, memfd) == -ENOMEM)
        leave_unread(&outcome->report, frame, buffer, memfd);
    else
        base__close_foreign(memfd);
}

void procspawn__outcome_pass_trace(struct procspawn__outcome *from, struct procspawn__outcome *to)
{
    if (to->trace || to->report.buffer)
        return;
    to->trace = from->trace;
    to->report = from->report;
    from->trace = NULL;
    from->report.buffer = NULL;
    add_trace(to);
}

bool procspawn__outcome_is_empty(const struct procspawn__outcome *outcome)
{
    return outcome->state == PROCSPAWN__PENDING && !outcome->trace && !outcome->report.buffer;
}

static void make_error(struct procspawn__outcome *outcome)
{
    const struct procspawn__unread *failure = &outcome->failure;

    if (outcome->result)
        outcome->error = procspawn__error_from_value(outcome->result);
    else if (failure->buffer)
        outcome->error = procspawn__error_from_failure(procspawn__encoded_body(failure->buffer),
                                                       failure->length);
    else if (outcome->died)
        outcome->error = procspawn__error_from_death(&outcome->death, outcome->trace);
    else
        outcome->error = procspawn__error_new(PROCSPAWN_ERROR_IO, ENOMEM,
                                              "the call has failed, and memory was too short to "
                                              "keep how");
    if (outcome->died && outcome->error)
        outcome->trace = NULL;
}

/* Reads what there was no memory for. 0 or -ENOMEM. */
static int read_rest(struct procspawn__outcome *outcome)
{
    struct procspawn__unread *report = &outcome->report;

    if (report->buffer &&
        read_trace(outcome, procspawn__encoded_body(report->buffer), report->length,
                   base__fd_is_ours(report->memfd) ? report->memfd : -1) < 0)
        return -ENOMEM;
    drop_unread(report);
    if (!outcome->error)
        make_error(outcome);
    if (!outcome->error)
        return -ENOMEM;
    json_decref(outcome->result);
    outcome->result = NULL;
    add_trace(outcome);
    drop_unread(&outcome->failure);
    return 0;
}

/* What the death was depends on the backtrace. If that is not read yet, the error is made later. */
void procspawn__outcome_death(struct procspawn__outcome *outcome, const struct wire_death *death)
{
    if (outcome->state != PROCSPAWN__PENDING)
        return;
    note_time(outcome);
    outcome->state = PROCSPAWN__FAILED;
    outcome->died = true;
    outcome->death = *death;
    if (!outcome->report.buffer)
        make_error(outcome);
}

int procspawn__outcome_decode(struct procspawn__outcome *outcome, int64_t deadline)
{
    json_error_t detail;

    if (outcome->state == PROCSPAWN__FAILED)
        return read_rest(outcome);
    if (outcome->state != PROCSPAWN__UNDECODED)
        return 0;
    int rc = wait_for_thread(outcome, deadline);
    if (rc < 0)
        return rc;
    rc = decode(outcome, &detail);
    if (rc == -ENOMEM)
        return rc;
    procspawn__encoded_free(outcome->encoded);
    outcome->encoded = NULL;
    bool failed = rc < 0 || outcome->reported;
    outcome->state = failed ? PROCSPAWN__FAILED : PROCSPAWN__RESULT;
    if (rc < 0)
        outcome->error = procspawn__error_of_unreadable(rc, detail.text);
    return failed ? read_rest(outcome) : 0;
}

void procspawn__outcome_lost(struct procspawn__outcome *outcome)
{
    if (outcome->state == PROCSPAWN__PENDING)
        procspawn__outcome_fail(outcome, procspawn__error_new(
            PROCSPAWN_ERROR_SERVER_LOST, 0, "the fork server died, and the call with it"));
}

/* ---- taking the outcome ---- */

static int give_error(procspawn_error *error, procspawn_error **ret_error)
{
    if (!error)
        return -ENOMEM;
    procspawn__error_give(error, ret_error);
    return PROCSPAWN_ECALL;
}

int procspawn__outcome_take(struct procspawn__outcome *outcome, int64_t deadline,
                            json_t **ret_result, procspawn_error **ret_error)
{
    int rc = procspawn__outcome_decode(outcome, deadline);
    if (rc < 0)
        return rc;
    enum procspawn__outcome_state state = outcome->state;
    outcome->state = PROCSPAWN__CONSUMED;
    if (state == PROCSPAWN__CONSUMED)
        return give_error(procspawn__error_new(PROCSPAWN_ERROR_CONSUMED, 0,
                                               "the result has been joined before"), ret_error);
    if (state == PROCSPAWN__FAILED) {
        procspawn_error *error = outcome->error;
        outcome->error = NULL;
        return give_error(error, ret_error);
    }
    if (ret_result)
        *ret_result = outcome->result;
    else
        json_decref(outcome->result);
    outcome->result = NULL;
    return 0;
}
