#include "src/proc/answer.h"

#include "src/base/closer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drop_kept(struct procspawn__answer *answer)
{
    if (answer->kept)
        wire__close_fds(answer->kept);
    free(answer->kept);
    answer->kept = NULL;
}

void procspawn__answer_fini(struct procspawn__answer *answer)
{
    drop_kept(answer);
    json_decref(answer->result);
    procspawn__holder_release(&answer->holder);
    procspawn_error_free(answer->error);
    free(answer->trace);
}

void procspawn__answer_forget(struct procspawn__answer *answer)
{
    if (answer->kept)
        answer->kept->header.fd_count = 0;
    answer->holder = (struct procspawn__holder){ NULL };
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

static procspawn_error *unreadable(int rc, const json_error_t *detail)
{
    if (rc == PROCSPAWN_EJSON)
        return procspawn__error_new(PROCSPAWN_ERROR_JSON, 0, "the result cannot be decoded: %s",
                                    detail->text);
    return procspawn__error_new(PROCSPAWN_ERROR_IO, -rc, "the result cannot be read: %s",
                                forkscope_strerror(rc));
}

void procspawn__answer_result(struct procspawn__answer *answer, struct wire_frame *frame)
{
    json_error_t detail;

    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    int rc = procspawn__message_read(frame, &answer->holder, &answer->result, &detail);
    if (rc < 0)
        procspawn__answer_fail(answer, unreadable(rc, &detail));
    else
        answer->outcome = PROCSPAWN__RESULT;
}

void procspawn__answer_keep(struct procspawn__answer *answer, struct wire_frame *frame)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    struct wire_frame *kept = malloc(sizeof *kept + frame->header.length);
    if (!kept) {
        procspawn__answer_fail(answer, NULL);
        return;
    }
    *kept = *frame;
    kept->body = kept + 1;
    kept->capacity = frame->header.length;
    memcpy(kept->body, frame->body, frame->header.length);
    frame->header.fd_count = 0;
    answer->kept = kept;
    answer->outcome = PROCSPAWN__KEPT;
}

void procspawn__answer_failure(struct procspawn__answer *answer, const struct wire_frame *frame)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    procspawn_error *error = procspawn__error_from_failure(frame->body, frame->header.length);
    if (error) {
        error->trace = answer->trace;
        answer->trace = NULL;
    }
    procspawn__answer_fail(answer, error);
}

static int read_report(int memfd, struct backtrace *ret_trace)
{
    unsigned char *bytes = malloc(BACKTRACE_BYTES);
    ssize_t length = bytes ? pread(memfd, bytes, BACKTRACE_BYTES, 0) : -1;
    int rc = length > 0 ? procspawn__backtrace_decode(bytes, (size_t)length, ret_trace) : -EBADMSG;

    free(bytes);
    return rc;
}

/* It lies behind the token. */
static int read_brief(const struct wire_frame *frame, struct backtrace *ret_trace)
{
    struct backtrace_brief brief;

    if (frame->header.length != sizeof(struct wire_token) + sizeof brief)
        return -EBADMSG;
    memcpy(&brief, (const char *)frame->body + sizeof(struct wire_token), sizeof brief);
    return procspawn__backtrace_get_brief(&brief, ret_trace);
}

/* The reporter has read the child's memory: it is believed no more than the child. The brief form
 * is there even if it did not come to the end. */
void procspawn__answer_backtrace(struct procspawn__answer *answer, struct wire_frame *frame)
{
    struct backtrace *trace = answer->trace ? NULL : malloc(sizeof *trace);
    int memfd = wire__take_fd(frame, 0);

    if (trace && (read_report(memfd, trace) == 0 || read_brief(frame, trace) == 0)) {
        answer->trace = trace;
        trace = NULL;
    }
    free(trace);
    base__close_foreign(memfd);
}

void procspawn__answer_death(struct procspawn__answer *answer, const struct wire_death *death)
{
    if (answer->outcome != PROCSPAWN__PENDING)
        return;
    procspawn_error *error = procspawn__error_from_death(death, answer->trace);
    if (error)
        answer->trace = NULL;
    procspawn__answer_fail(answer, error);
}

void procspawn__answer_lost(struct procspawn__answer *answer)
{
    if (answer->outcome == PROCSPAWN__PENDING)
        procspawn__answer_fail(answer, procspawn__error_new(
            PROCSPAWN_ERROR_SERVER_LOST, 0, "the fork server died, and the call with it"));
}

/* ---- handing over ---- */

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

static void decode_kept(struct procspawn__answer *answer)
{
    answer->outcome = PROCSPAWN__PENDING;
    procspawn__answer_result(answer, answer->kept);
    drop_kept(answer);
}

int procspawn__answer_give(struct procspawn__answer *answer, json_t **ret_result,
                           procspawn_error **ret_error)
{
    if (answer->outcome == PROCSPAWN__KEPT)
        decode_kept(answer);
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
