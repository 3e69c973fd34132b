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
    int64_t moment;             /* each wait lasts until then */
    bool stop;                  /* atomic: the value is not wanted any more */
    struct procspawn__encoded *encoded;
    struct procspawn__fd_owner *fd_owner;
    int rc;                     /* this and the next two: the thread's until it is joined */
    json_t *value;
    json_error_t error;
};

bool procspawn__decoding_is_long(const struct procspawn__encoded *encoded)
{
    enum { LONG = 256 << 10 };
    return procspawn__encoded_length(encoded) > LONG;
}

static void *decode(void *argument)
{
    struct procspawn__decoding *decoding = argument;

    decoding->rc = procspawn__encoded_decode(decoding->encoded, decoding->fd_owner, &decoding->stop,
                                             &decoding->value, &decoding->error);
    base__event_raise(decoding->end);
    return NULL;
}

int procspawn__decoding_start(struct procspawn__encoded *encoded,
                              struct procspawn__fd_owner *fd_owner,
                              struct procspawn__decoding **ret_decoding)
{
    static const int64_t moment = BASE_SECOND / 10;
    struct procspawn__decoding *decoding = calloc(1, sizeof *decoding);

    if (!decoding)
        return -ENOMEM;
    bool cancelable = base__cancelable(false);
    decoding->owner = base__process();
    decoding->encoded = encoded;
    decoding->fd_owner = fd_owner;
    decoding->moment = base__deadline(moment);
    decoding->end = base__event();
    int rc = decoding->end < 0 ? decoding->end
                               : base__thread_start(&decoding->thread, NULL, decode, decoding);
    if (rc < 0) {
        base__fd_close(decoding->end);
        free(decoding);
    } else {
        *ret_decoding = decoding;
    }
    base__cancelable(cancelable);
    return rc;
}

bool procspawn__decoding_is_ours(const struct procspawn__decoding *decoding)
{
    return decoding->owner == base__process();
}

int procspawn__decoding_fd(const struct procspawn__decoding *decoding)
{
    return decoding->end;
}

int procspawn__decoding_wait(const struct procspawn__decoding *decoding, int64_t deadline)
{
    static const int64_t slice = BASE_SECOND / 100;
    int64_t until = base__deadline(slice);

    if (until < decoding->moment)
        until = decoding->moment;
    if (until < deadline)
        until = deadline;
    if (!procspawn__decoding_is_ours(decoding) || !base__fd_is_ours(decoding->end))
        return 0;
    return scoped__wait_fd(decoding->end, POLLIN, until);
}

int procspawn__decoding_take(struct procspawn__decoding *decoding, json_t **ret_value,
                             json_error_t *ret_error)
{
    if (!procspawn__decoding_is_ours(decoding))
        return PROCSPAWN_ENOTOWNER;
    bool cancelable = base__cancelable(false);
    pthread_join(decoding->thread, NULL);
    int rc = decoding->rc;
    if (rc == 0)
        *ret_value = decoding->value;
    *ret_error = decoding->error;
    base__fd_close(decoding->end);
    free(decoding);
    base__cancelable(cancelable);
    return rc;
}

void procspawn__decoding_drop(struct procspawn__decoding *decoding)
{
    json_error_t error;
    json_t *value = NULL;

    if (!decoding)
        return;
    __atomic_store_n(&decoding->stop, true, __ATOMIC_RELAXED);
    procspawn__decoding_take(decoding, &value, &error);
    json_decref(value);
}
