/*
 * attend.h - waits for the end of a call, and gives its outcome and what it used
 */
#ifndef FORKSCOPE_CALLS_ATTEND_H
#define FORKSCOPE_CALLS_ATTEND_H

#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct procspawn__ending {
    json_t *value;
    procspawn_error *error;
    int64_t queue_time, run_time;
    bool has_usage;
    struct rusage usage;
};

/*
 * Waits until the call has ended or the deadline has passed; with_usage: until its process has
 * ended as well. A shortage of memory or descriptors is waited out for a second; then the process
 * is killed, and the call has failed. Returns 0 and sets ret_ending->value; or sets the error and
 * returns its code; or, with nothing changed, -ETIMEDOUT or -ECANCELED. A cancellation point.
 */
int procspawn__attend(procspawn_handle *handle, int64_t deadline, bool with_usage,
                      struct procspawn__ending *ret_ending);

/*
 * The same without a deadline. If the calling task is cancelled meanwhile the call is killed and
 * the handle freed, and, where the function returns then, the error is set.
 */
int procspawn__attend_or_kill(procspawn_handle *handle, bool with_usage,
                              struct procspawn__ending *ret_ending);

#endif
