/*
 * decoding.c - a long value is decoded by a thread of its own
 */
#include "src/value/decoding.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/base/thread.h"
#include "src/scope/wait_points.h"
#include <errno.h>
#include <forkscope/error.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

struct procspawn__decoding {
    uint64_t owner;             /* the process that has the thread */
    pthread_t thread;
    int end;                    /* eventfd: raised at the end of the decoding */
    struct procspawn__parcel *parcel;
    struct procspawn__holder *holder;
    int rc;                     /* this and the next two: the thread's until it is joined */
    json_t *value;
    json_error_t error;
};

bool procspawn__decoding_is_long(const struct procspawn__parcel *parcel)
{
    enum { LONG = 256 << 10 };
    return procspawn__parcel_length(parcel) > LONG;
}

static void *decode(void *argument)
{
    struct procspawn__decoding *decoding = argument;

    decoding->rc = procspawn__parcel_decode(decoding->parcel, decoding->holder, &decoding->value,
                                            &decoding->error);
    base__event_raise(decoding->end);
    return NULL;
}

int procspawn__decoding_start(struct procspawn__parcel *parcel, struct procspawn__holder *holder,
                              struct procspawn__decoding **ret_decoding)
{
    struct procspawn__decoding *decoding = calloc(1, sizeof *decoding);

    if (!decoding)
        return -ENOMEM;
    decoding->owner = base__process();
    decoding->parcel = parcel;
    decoding->holder = holder;
    decoding->end = base__event();
    int rc = decoding->end < 0 ? decoding->end
                               : base__thread_start(&decoding->thread, NULL, decode, decoding);
    if (rc < 0) {
        base__fd_close(decoding->end);
        free(decoding);
        return rc;
    }
    *ret_decoding = decoding;
    return 0;
}

int procspawn__decoding_wait(const struct procspawn__decoding *decoding, int64_t deadline)
{
    if (decoding->owner != base__process() || !base__fd_is_ours(decoding->end))
        return 0;
    return scoped__wait_fd(decoding->end, POLLIN, deadline);
}

int procspawn__decoding_take(struct procspawn__decoding *decoding, json_t **ret_value,
                             json_error_t *ret_error)
{
    if (decoding->owner != base__process())
        return PROCSPAWN_ENOTOWNER;
    pthread_join(decoding->thread, NULL);
    int rc = decoding->rc;
    if (rc == 0)
        *ret_value = decoding->value;
    *ret_error = decoding->error;
    base__fd_close(decoding->end);
    free(decoding);
    return rc;
}

void procspawn__decoding_drop(struct procspawn__decoding *decoding)
{
    json_error_t error;
    json_t *value = NULL;

    if (!decoding)
        return;
    procspawn__decoding_take(decoding, &value, &error);
    json_decref(value);
}
