/*
 * outcome.c - the outcome of one call, from the messages that it came in
 */
#include "src/call/outcome.h"

#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/crash/backtrace.h"
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
    if (unread->room)
        base__close_foreign(base__fd_release(unread->memfd));
    free(unread->room);
    unread->room = NULL;
}

void procspawn__answer_fini(struct procspawn__answer *answer)
{
    drop_unread(&answer->report);
    drop_unread(&answer->failure);
    procspawn__decoding_drop(answer->decoding);
    procspawn__parcel_free(answer->kept);
    json_decref(answer->result);
    procspawn__holder_release(&answer->holder);
    procspawn_error_free(answer->error);
    free(answer->trace);
}

void procspawn__answer_forget(struct procspawn__answer *answer)
{
    /* Its thread is not in this process. What it was changing just then is left alone. */
    if (!answer->decoding)
        procspawn__parcel_forget(answer->kept);
    answer->decoding = NULL;
    answer->kept = NULL;
    answer->holder = (struct procspawn__holder){ NULL };
    answer->report.memfd = -1;
    procspawn__answer_fini(answer);
}

void procspawn__answer_fail(struct procspawn__answer *answer, procspawn_error *error)
{
    if (answer->outcome != PROCSPAWN__PENDING) {
        procspawn_error_free(error);
        return;
    }
    answer->outcome = PROCSPAWN__FAILED;
    answer->error = error;
}

static procspawn_error *unreadable(int rc, const char *detail)
{
    if (rc == PROCSPAWN_EJSON || rc == PROCSPAWN_ELIMIT)
        return procspawn__error_new(PROCSPAWN_ERROR_JSON, rc == PROCSPAWN_ELIMIT ? rc : 0,
                                    "the result cannot be decoded: %s", detail);
    return procspawn__error_new(PROCSPAWN_ERROR_IO, procspawn__error_number(rc),
                                "the result cannot be read: %s", forkscope_strerror(rc));
}

static bool is_null(const struct wire_frame *frame)
{
    struct wire_value head;

    if (frame->header.length < sizeof head)
        return false;
    memcpy(&head, frame->body, sizeof head);
    return !head.in_memfd && head.length == frame->header.length - sizeof head &&
           procspawn__text_is_null((const unsigned char *)frame->body + sizeof head, head.length);
}

void procspawn__answer_keep(struct procspawn__answer *answer, struct wire_frame *frame,
                            const procspawn__limit *limit, struct procspawn__parcel **room)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    if (is_null(frame)) {
        answer->result = json_null();
        answer->outcome = PROCSPAWN__RESULT;
        return;
    }
    int rc = procspawn__parcel_new(frame, limit, *room, &answer->kept);
    if (rc < 0) {
        procspawn__answer_fail(answer, unreadable(rc, forkscope_strerror(rc)));
        return;
    }
    procspawn__parcel_move_out(&answer->kept, room);
    answer->outcome = PROCSPAWN__KEPT;
}

/* Where no thread can be had it is decoded here, whatever the time. */
static int decode(struct procspawn__answer *answer, json_error_t *ret_detail)
{
    if (!answer->decoding)
        return procspawn__parcel_decode(answer->kept, &answer->holder, NULL, &answer->result,
                                        ret_detail);
    int rc = procspawn__decoding_take(answer->decoding, &answer->result, ret_detail);
    answer->decoding = NULL;
    return rc;
}

static int wait_for_thread(struct procspawn__answer *answer, int64_t deadline)
{
    if (deadline == BASE_NEVER && !answer->decoding)
        return 0;
    if (!answer->decoding && procspawn__decoding_is_long(answer->kept))
        procspawn__decoding_start(answer->kept, &answer->holder, &answer->decoding);
    return answer->decoding ? procspawn__decoding_wait(answer->decoding, deadline) : 0;
}

/* ---- failures ---- */

/* Without memory the message is left in the room, which is taken. */
static void leave_unread(struct procspawn__unread *unread, const struct wire_frame *frame,
                         struct procspawn__parcel **room, int memfd)
{
    *unread = (struct procspawn__unread){ *room, frame->header.length, base__fd_hold(memfd) };
    *room = NULL;
}

static void add_trace(struct procspawn__answer *answer)
{
    if (!answer->error || answer->error->trace)
        return;
    answer->error->trace = answer->trace;
    answer->trace = NULL;
}

void procspawn__answer_failure(struct procspawn__answer *answer, const struct wire_frame *frame,
                               struct procspawn__parcel **room)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    answer->outcome = PROCSPAWN__FAILED;
    answer->error = procspawn__error_from_failure(frame->body, frame->header.length);
    add_trace(answer);
    if (!answer->error)
        leave_unread(&answer->failure, frame, room, -1);
}

static int read_report(int memfd, struct backtrace *ret_trace)
{
    unsigned char *bytes = memfd >= 0 ? malloc(BACKTRACE_BYTES) : NULL;
    if (!bytes)
        return memfd >= 0 ? -ENOMEM : -EBADMSG;
    ssize_t length = pread(memfd, bytes, BACKTRACE_BYTES, 0);
    int rc = length > 0 ? crash__backtrace_decode(bytes, (size_t)length, ret_trace) : -EBADMSG;

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
static int read_trace(struct procspawn__answer *answer, const unsigned char *body, size_t length,
                      int memfd)
{
    struct backtrace *trace = malloc(sizeof *trace);
    if (!trace)
        return -ENOMEM;
    int rc = read_report(memfd, trace);
    if (rc < 0 && rc != -ENOMEM)
        rc = read_brief(body, length, trace);
    if (rc == 0)
        answer->trace = trace;
    else
        free(trace);
    return rc == -ENOMEM ? rc : 0;
}

void procspawn__answer_backtrace(struct procspawn__answer *answer, struct wire_frame *frame,
                                 struct procspawn__parcel **room)
{
    if (answer->trace || answer->report.room)
        return;
    int memfd = wire__take_fd(frame, 0);
    if (read_trace(answer, frame->body, frame->header.length, memfd) == -ENOMEM)
        leave_unread(&answer->report, frame, room, memfd);
    else
        base__close_foreign(memfd);
}

void procspawn__answer_pass_trace(struct procspawn__answer *from, struct procspawn__answer *to)
{
    if (to->trace || to->report.room)
        return;
    to->trace = from->trace;
    to->report = from->report;
    from->trace = NULL;
    from->report.room = NULL;
    add_trace(to);
}

bool procspawn__answer_is_empty(const struct procspawn__answer *answer)
{
    return answer->outcome == PROCSPAWN__PENDING && !answer->trace && !answer->report.room;
}

static void make_error(struct procspawn__answer *answer)
{
    const struct procspawn__unread *failure = &answer->failure;

    if (failure->room)
        answer->error = procspawn__error_from_failure(procspawn__parcel_body(failure->room),
                                                      failure->length);
    else if (answer->died)
        answer->error = procspawn__error_from_death(&answer->death, answer->trace);
    else
        answer->error = procspawn__error_new(PROCSPAWN_ERROR_IO, ENOMEM,
                                             "the call has failed, and memory was too short to "
                                             "keep how");
    if (answer->died && answer->error)
        answer->trace = NULL;
}

/* Reads what there was no memory for. 0 or -ENOMEM. */
static int read_rest(struct procspawn__answer *answer)
{
    struct procspawn__unread *report = &answer->report;

    if (report->room && read_trace(answer, procspawn__parcel_body(report->room), report->length,
                                   base__fd_is_ours(report->memfd) ? report->memfd : -1) < 0)
        return -ENOMEM;
    drop_unread(report);
    if (!answer->error)
        make_error(answer);
    if (!answer->error)
        return -ENOMEM;
    add_trace(answer);
    drop_unread(&answer->failure);
    return 0;
}

/* What the death was depends on the backtrace. If that is not read yet, the error is made later. */
void procspawn__answer_death(struct procspawn__answer *answer, const struct wire_death *death)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    answer->outcome = PROCSPAWN__FAILED;
    answer->died = true;
    answer->death = *death;
    if (!answer->report.room)
        make_error(answer);
}

int procspawn__answer_decode(struct procspawn__answer *answer, int64_t deadline)
{
    json_error_t detail;

    if (answer->outcome == PROCSPAWN__FAILED)
        return read_rest(answer);
    if (answer->outcome != PROCSPAWN__KEPT)
        return 0;
    int rc = wait_for_thread(answer, deadline);
    if (rc < 0)
        return rc;
    rc = decode(answer, &detail);
    if (rc == -ENOMEM && procspawn__parcel_is_whole(answer->kept))
        return rc;
    procspawn__parcel_free(answer->kept);
    answer->kept = NULL;
    answer->outcome = rc < 0 ? PROCSPAWN__FAILED : PROCSPAWN__RESULT;
    if (rc < 0)
        answer->error = unreadable(rc, detail.text);
    return rc < 0 ? read_rest(answer) : 0;
}

void procspawn__answer_lost(struct procspawn__answer *answer)
{
    if (answer->outcome == PROCSPAWN__PENDING)
        procspawn__answer_fail(answer, procspawn__error_new(
            PROCSPAWN_ERROR_SERVER_LOST, 0, "the fork server died, and the call with it"));
}

/* ---- taking the outcome ---- */

static int give_error(procspawn_error *error, procspawn_error **ret_error)
{
    if (!error)
        return -ENOMEM;
    if (ret_error)
        *ret_error = error;
    else
        procspawn_error_free(error);
    return PROCSPAWN_ECALL;
}

int procspawn__answer_give(struct procspawn__answer *answer, int64_t deadline,
                           json_t **ret_result, procspawn_error **ret_error)
{
    int rc = procspawn__answer_decode(answer, deadline);
    if (rc < 0)
        return rc;
    enum procspawn__outcome outcome = answer->outcome;
    answer->outcome = PROCSPAWN__CONSUMED;
    if (outcome == PROCSPAWN__CONSUMED)
        return give_error(procspawn__error_new(PROCSPAWN_ERROR_CONSUMED, 0,
                                               "the result has been joined before"), ret_error);
    if (outcome == PROCSPAWN__FAILED) {
        procspawn_error *error = answer->error;
        answer->error = NULL;
        return give_error(error, ret_error);
    }
    if (ret_result)
        *ret_result = answer->result;
    else
        json_decref(answer->result);
    answer->result = NULL;
    return 0;
}
