/*
 * finish.c - the result of a call with all that is known about its end
 */
#include "src/calls/finish.h"

#include "src/base/clock.h"
#include "src/call/handle.h"
#include "src/calls/attend.h"
#include "src/error/error.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static const struct procspawn_result nothing = {
    .out = { .data = "" },
    .err = { .data = "" },
    .cpu_time = -1,
    .peak_memory = -1,
};

static int64_t nanoseconds(struct timeval time)
{
    return (time.tv_sec * INT64_C(1000000) + time.tv_usec) * 1000;
}

static void fill(struct procspawn_result *result, procspawn_handle *handle, int status,
                 const struct procspawn__ending *ending)
{
    *result = nothing;
    result->status = status;
    result->handle = handle;
    result->value = ending->value;
    result->error = ending->error;
    result->queue_time = ending->queue_time;
    result->run_time = ending->run_time;
    if (handle) {
        procspawn__handle_captured(handle, STDOUT_FILENO, &result->out);
        procspawn__handle_captured(handle, STDERR_FILENO, &result->err);
    }
    if (!ending->has_usage)
        return;
    result->cpu_time = nanoseconds(ending->usage.ru_utime) + nanoseconds(ending->usage.ru_stime);
    result->peak_memory = ending->usage.ru_maxrss * INT64_C(1024);
}

void procspawn__result_fail(struct procspawn_result *ret_result, procspawn_error *error)
{
    const struct procspawn__ending ending = { .error = error };

    fill(ret_result, NULL, procspawn_error_code(error), &ending);
}

void procspawn__result_succeed(struct procspawn_result *ret_result, json_t *value)
{
    const struct procspawn__ending ending = { .value = value, .queue_time = -1, .run_time = -1 };

    fill(ret_result, NULL, 0, &ending);
}

int procspawn_finish(procspawn_handle *handle, int64_t timeout,
                     struct procspawn_result *ret_result)
{
    struct procspawn__ending ending;
    int rc = procspawn__attend(handle, base__deadline(timeout), true, &ending);

    if (rc == 0 || ending.error)
        fill(ret_result, handle, rc, &ending);
    return rc;
}

int procspawn_call_with(const struct procspawn_call_options *options, procspawn_function *function,
                        json_t *argument, struct procspawn_result *ret_result)
{
    struct procspawn__ending ending = { 0 };
    procspawn_handle *handle;

    *ret_result = nothing;
    int rc = procspawn_start(options, function, argument, &handle);
    if (rc < 0) {
        ending.error = procspawn__error_of_start(rc, function);
        fill(ret_result, NULL, procspawn_error_code(ending.error), &ending);
        return ret_result->status;
    }
    rc = procspawn__attend_or_kill(handle, true, &ending);
    fill(ret_result, rc == -ECANCELED ? NULL : handle, rc, &ending);
    return rc;
}

void procspawn_result_fini(struct procspawn_result *result)
{
    if (!result)
        return;
    json_decref(result->value);
    procspawn_error_free(result->error);
    procspawn_handle_free(result->handle);
    *result = (struct procspawn_result){ 0 };
}
