/*
 * call.c - one call, and how it ends
 */
#include "tests/soak/call.h"

#include "tests/soak/nodes.h"
#include "tests/soak/work.h"
#include <errno.h>
#include <forkscope/error.h>
#include <jansson.h>

static const enum ending ending_of[] = {
    [PROCSPAWN_ERROR_JSON] = ENDINGS,
    [PROCSPAWN_ERROR_IO] = ENDED_IO,
    [PROCSPAWN_ERROR_PANIC] = ENDED_PANIC,
    [PROCSPAWN_ERROR_REMOTE_CLOSE] = ENDED_CLOSED,
    [PROCSPAWN_ERROR_CANCELLED] = ENDED_CANCELLED,
    [PROCSPAWN_ERROR_TIMED_OUT] = ENDED_TIMED_OUT,
    [PROCSPAWN_ERROR_CONSUMED] = ENDINGS,
    [PROCSPAWN_ERROR_SETUP] = ENDED_SETUP,
    [PROCSPAWN_ERROR_SERVER_LOST] = ENDED_LOST,
};

static void note_ending(struct call *call, enum ending ending)
{
    if (call->ended || ending == ENDINGS || (ending == ENDED_CANCELLED && !call->of_pool))
        wrong("a call ended twice, or as it cannot");
    else
        add(&shared->counts.endings[ending]);
    call->ended = true;
}

/* The first join has the ending; the second one must find nothing more. */
static void check_consumed(struct call *call)
{
    procspawn_error *error = NULL;
    int rc = procspawn_join_timeout(call->handle, 0, NULL, &error);

    if (rc != PROCSPAWN_ECALL || procspawn_error_kind(error) != PROCSPAWN_ERROR_CONSUMED)
        wrong("a second join gives %s", forkscope_strerror(rc));
    if (rc == PROCSPAWN_ECALL)
        procspawn_error_free(error);
}

bool call_join(struct call *call, int64_t timeout)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_join_timeout(call->handle, timeout, &result, &error);

    if (rc == -ETIMEDOUT || rc == -ECANCELED || rc == -EMFILE || rc == -ENFILE)
        return false;
    if (rc == 0 && !work_is_right(call->number, result))
        wrong("a result is not the right one");
    if (rc == 0)
        note_ending(call, ENDED_RESULT);
    else if (rc == PROCSPAWN_ECALL)
        note_ending(call, ending_of[procspawn_error_kind(error)]);
    else
        wrong("a join gives %s", forkscope_strerror(rc));
    json_decref(result);
    procspawn_error_free(error);
    check_consumed(call);
    return true;
}

void call_leave(void *argument)
{
    struct call *call = argument;

    if (!call->ended)
        note_ending(call, ENDED_ABANDONED);
    procspawn_handle_free(call->handle);
}
