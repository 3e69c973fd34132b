/*
 * attend.c - waits for the end of a call, and gives its outcome and what it used
 */
#include "src/calls/attend.h"

#include "src/base/clock.h"
#include "src/base/process.h"
#include "src/base/shortage.h"
#include "src/base/thread.h"
#include "src/call/handle.h"
#include "src/error/error.h"
#include "src/scope/wait.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* What is left until a deadline, as a timeout. */
static int64_t left(int64_t deadline)
{
    int64_t now = base__now();

    if (deadline == BASE_NEVER)
        return -1;
    return deadline > now ? deadline - now : 0;
}

static bool is_put_off(int rc)
{
    return rc == -ETIMEDOUT || rc == -ECANCELED;
}

static void measure(const procspawn_handle *handle, struct procspawn__ending *ending)
{
    struct wire_times times = handle->outcome.times;

    /* A call that was never begun has only waited. */
    if (times.began == 0)
        times.began = times.ended;
    ending->queue_time = times.began > handle->called ? times.began - handle->called : 0;
    ending->run_time = times.ended - times.began;
}

static int take(procspawn_handle *handle, int64_t deadline, bool with_usage,
                struct procspawn__ending *ending)
{
    const struct procspawn__handle_kind *kind = handle->kind;
    int rc = kind->answered(handle, left(deadline));

    if (rc < 0)
        return rc;
    if (with_usage) {
        rc = kind->gone(handle, left(deadline), &ending->usage);
        ending->has_usage = rc == 0;
        if (is_put_off(rc) || base__is_shortage(rc))
            return rc;
    }
    rc = procspawn__handle_take(handle, deadline, &ending->value, &ending->error);
    measure(handle, ending);
    return rc;
}

/*
 * Repeats it during a shortage, for a second at most: a deadline that passes before loses nothing.
 * If only the end of the process could not be received by then, the outcome is given without it.
 */
static int take_with_patience(procspawn_handle *handle, int64_t deadline, bool with_usage,
                              struct procspawn__ending *ending)
{
    static const int64_t pause = BASE_SECOND / 100;
    int64_t end = 0;

    for (;;) {
        int rc = take(handle, deadline, with_usage, ending);
        if (!base__is_shortage(rc))
            return rc;
        if (end == 0)
            end = base__deadline(BASE_SECOND);
        int64_t now = base__now();
        if (now >= deadline)
            return -ETIMEDOUT;
        if (now >= end)
            return with_usage && handle->kind->answered(handle, 0) == 0
                       ? take(handle, deadline, false, ending)
                       : rc;
        rc = scoped_sleep_until(base__deadline(pause));
        if (rc < 0)
            return rc;
    }
}

/* The outcome cannot be had: the call is ended. */
static int give_up(procspawn_handle *handle, int rc, struct procspawn__ending *ending)
{
    procspawn_kill(handle);
    ending->error = procspawn__error_of_loss(rc);
    return procspawn_error_code(ending->error);
}

int procspawn__attend(procspawn_handle *handle, int64_t deadline, bool with_usage,
                      struct procspawn__ending *ret_ending)
{
    *ret_ending = (struct procspawn__ending){ 0 };
    if (handle->owner != base__process()) {
        ret_ending->error = procspawn__error_of_code(PROCSPAWN_ENOTOWNER);
        return procspawn_error_code(ret_ending->error);
    }
    int rc = take_with_patience(handle, deadline, with_usage, ret_ending);
    if (rc == 0 || rc == PROCSPAWN_ECALL || is_put_off(rc))
        return rc;
    return give_up(handle, rc, ret_ending);
}

/* ---- with the end of the caller's task ---- */

/* Waits for the end of the process, so that what it holds is free again; but not for ever. */
static void kill_call(procspawn_handle *handle)
{
    struct wait section = scoped__uncancelled_begin();

    procspawn_kill(handle);
    procspawn_wait_timeout(handle, 2 * BASE_SECOND, NULL);
    scoped__uncancelled_end(section);
    procspawn_handle_free(handle);
}

static void unwound_in_call(void *handle)
{
    base__stack_unwound();
    kill_call(handle);
}

int procspawn__attend_or_kill(procspawn_handle *handle, bool with_usage,
                              struct procspawn__ending *ret_ending)
{
    int rc;

    pthread_cleanup_push(unwound_in_call, handle);
    rc = procspawn__attend(handle, BASE_NEVER, with_usage, ret_ending);
    pthread_cleanup_pop(0);
    if (rc == -ECANCELED && !ret_ending->error) {
        kill_call(handle);
        ret_ending->error = procspawn__error_of_code(-ECANCELED);
    }
    return rc;
}
