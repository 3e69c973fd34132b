/*
 * receiver.c - the end of a channel that receives: messages, their decoding, placeholders
 */
#include "src/value/receiver.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/value/channel_end.h"
#include "src/value/decoding.h"
#include "src/value/encoded.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/value/placeholder.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * The program waits for a set of epoll(7) that has the socket and the end of a decoding. It is made
 * when the program asks for it or a decoding needs it; -1: not yet. It is the socket itself where
 * the program asked and no set could be made: the end of a decoding is waited for then, whatever
 * the time limit of the receive.
 */
struct procspawn_receiver {
    int fd;
    int set;                            /* atomic */
    bool shared;                        /* other processes have duplicates, or had them */
    struct procspawn__fd_owner fd_owner; /* descriptors of the last message */
    procspawn__limit limit;
    struct procspawn__encoded *buffer;
    struct procspawn__encoded *encoded;     /* received but not decoded; NULL: none */
    struct procspawn__decoding *decoding;   /* of what is kept, by a thread; NULL: none */
};

int procspawn__receiver_adopt(int fd, bool shared, procspawn_receiver **ret_receiver)
{
    procspawn_receiver *receiver = malloc(sizeof *receiver);
    struct procspawn__encoded *buffer = procspawn__encoded_buffer();
    int held = procspawn__end_hold(fd, receiver && buffer, shared);

    if (held < 0) {
        free(buffer);
        free(receiver);
        return held;
    }
    receiver->fd = held;
    receiver->shared = shared;
    receiver->buffer = buffer;
    receiver->set = -1;
    receiver->encoded = NULL;
    receiver->decoding = NULL;
    receiver->fd_owner = (struct procspawn__fd_owner){ 0 };
    receiver->limit = (procspawn__limit)PROCSPAWN__LIMIT_DEFAULT;
    *ret_receiver = receiver;
    return 0;
}

/*
 * The end can be closed directly only if it has no duplicate and all senders are gone; otherwise
 * messages may still arrive.
 */
static void close_receiver(const procspawn_receiver *receiver)
{
    bool unshared = !__atomic_load_n(&receiver->shared, __ATOMIC_RELAXED);

    if (unshared && base__fd_is_ours(receiver->fd) && wire__has_ended(receiver->fd))
        base__fd_close(receiver->fd);
    else
        procspawn__end_close_unseen(receiver->fd);
}

/*
 * In a copy of the process by fork(2): a value that the original's thread was decoding is the
 * original's. What the thread was changing at the fork is left alone.
 */
static void leave_to_original(procspawn_receiver *receiver)
{
    if (!receiver->decoding || procspawn__decoding_is_ours(receiver->decoding))
        return;
    receiver->decoding = NULL;
    receiver->encoded = NULL;
    receiver->fd_owner = (struct procspawn__fd_owner){ 0 };
}

/* Frees all of a receiver but its socket. */
static void drop_receiver(procspawn_receiver *receiver)
{
    leave_to_original(receiver);
    procspawn__decoding_drop(receiver->decoding);
    procspawn__encoded_free(receiver->encoded);
    procspawn__fd_owner_release(&receiver->fd_owner);
    if (receiver->set != receiver->fd)
        base__fd_close(receiver->set);
    free(receiver->buffer);
    free(receiver);
}

void procspawn_receiver_free(procspawn_receiver *receiver)
{
    if (!receiver)
        return;
    bool cancelable = base__cancelable(false);
    close_receiver(receiver);
    drop_receiver(receiver);
    base__cancelable(cancelable);
}

/* ---- the descriptor of a receiver ---- */

static int make_set(int socket)
{
    struct epoll_event event = { .events = EPOLLIN };
    int set = epoll_create1(EPOLL_CLOEXEC);

    set = set < 0 ? -errno : base__fd_own(set);
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, socket, &event) == 0)
        return set;
    base__fd_close(set);
    return -ENOSPC;
}

/* The first of several threads makes it. `otherwise`: used if it cannot be made; may be -1. */
static int set_of(procspawn_receiver *receiver, int otherwise)
{
    int set = __atomic_load_n(&receiver->set, __ATOMIC_ACQUIRE);

    if (set >= 0)
        return set;
    int made = make_set(receiver->fd);
    if (made < 0)
        made = otherwise;
    if (made < 0 || __atomic_compare_exchange_n(&receiver->set, &set, made, false,
                                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    if (made != receiver->fd)
        base__fd_close(made);
    return set;
}

int procspawn_receiver_fd(const procspawn_receiver *receiver)
{
    bool cancelable = base__cancelable(false);
    int set = set_of((procspawn_receiver *)(uintptr_t)receiver, receiver->fd);

    base__cancelable(cancelable);
    return set;
}

/* Puts the end of the decoding into the set, or takes it out. */
static bool change_set(procspawn_receiver *receiver, int operation)
{
    struct epoll_event event = { .events = EPOLLIN };
    int set = set_of(receiver, -1);

    return base__fd_is_ours(set) &&
           epoll_ctl(set, operation, procspawn__decoding_fd(receiver->decoding), &event) == 0;
}

/* ---- receiving ---- */

/*
 * Has a thread decode a long value, and waits for it. Without a thread returns 0, and the caller
 * decodes, whatever the time limit. If the receiver's descriptor cannot tell of the end of the
 * decoding, the wait has no limit.
 */
static int wait_for_thread(procspawn_receiver *receiver, int64_t deadline, int cancel)
{
    if (!receiver->decoding) {
        if (deadline == BASE_NEVER || !procspawn__decoding_is_long(receiver->encoded) ||
            procspawn__decoding_start(receiver->encoded, &receiver->fd_owner, &receiver->decoding) <
                0)
            return 0;
        if (!change_set(receiver, EPOLL_CTL_ADD))
            deadline = BASE_NEVER;
    }
    pthread_setcancelstate(cancel, NULL);
    int rc = procspawn__decoding_wait(receiver->decoding, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return rc;
}

static int decode_encoded(procspawn_receiver *receiver, json_t **ret_value)
{
    json_error_t error;

    if (!receiver->decoding)
        return procspawn__encoded_decode(receiver->encoded, &receiver->fd_owner, NULL, ret_value,
                                         &error);
    change_set(receiver, EPOLL_CTL_DEL);
    int rc = procspawn__decoding_take(receiver->decoding, ret_value, &error);
    receiver->decoding = NULL;
    return rc;
}

/* Decodes the kept value. It stays kept if the time was too short, or if memory was lacking. */
static int decode(procspawn_receiver *receiver, int64_t deadline, int cancel, json_t **ret_value)
{
    int rc = wait_for_thread(receiver, deadline, cancel);

    if (rc < 0)
        return rc;
    rc = decode_encoded(receiver, ret_value);
    if (rc == -ENOMEM)
        return rc;
    procspawn__encoded_free(receiver->encoded);
    receiver->encoded = NULL;
    return rc;
}

static int take_in(procspawn_receiver *receiver)
{
    struct wire_frame frame = { .body = procspawn__encoded_body(receiver->buffer),
                                .capacity = WIRE_MAX_BODY };

    int rc = wire__recv_shared(receiver->fd, &frame);
    if (rc < 0)
        return rc;
    rc = -EPROTO;
    if (frame.header.type == WIRE_VALUE)
        rc = procspawn__encoded_new(&frame, &receiver->limit, NULL, receiver->buffer,
                                    &receiver->encoded);
    wire__close_fds(&frame);
    return rc;
}

static int receive(procspawn_receiver *receiver, int64_t deadline, int cancel, json_t **ret_value)
{
    int rc = receiver->encoded ? 0 : take_in(receiver);
    return rc < 0 ? rc : decode(receiver, deadline, cancel, ret_value);
}

static int receive_until(procspawn_receiver *receiver, int64_t deadline, int cancel,
                         json_t **ret_value)
{
    int rc;

    do {
        rc = receive(receiver, deadline, cancel, ret_value);
        if (rc != -EAGAIN)
            return rc;
        rc = procspawn__end_wait(receiver->fd, POLLIN, deadline, cancel);
    } while (rc == 0);
    return rc;
}

int procspawn_receiver_recv_timeout(procspawn_receiver *receiver, int64_t timeout,
                                    json_t **ret_value)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    leave_to_original(receiver);
    if (!receiver->decoding)
        procspawn__fd_owner_release(&receiver->fd_owner);
    int rc = receive_until(receiver, deadline, cancel, ret_value);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn_receiver_limit(procspawn_receiver *receiver, uint64_t bytes)
{
    receiver->limit.bytes = bytes > 0 ? bytes : UINT64_MAX;
}

int procspawn_receiver_depth(procspawn_receiver *receiver, unsigned depth)
{
    if (depth == 0 || depth > PROCSPAWN__DEPTH_MAX)
        return -EINVAL;
    receiver->limit.depth = depth;
    return 0;
}

int procspawn_receiver_recv(procspawn_receiver *receiver, json_t **ret_value)
{
    return procspawn_receiver_recv_timeout(receiver, -1, ret_value);
}

/* ---- placeholders ---- */

json_t *procspawn_value_receiver(const procspawn_receiver *receiver)
{
    __atomic_store_n(&((procspawn_receiver *)(uintptr_t)receiver)->shared, true, __ATOMIC_RELAXED);
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_RECEIVER, false,
                                                (uint64_t)receiver->fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_receiver_take(procspawn_receiver *receiver)
{
    int fd = base__fd_release(receiver->fd);

    drop_receiver(receiver);
    return fd < 0 ? NULL : procspawn__placeholder_give(PROCSPAWN_VALUE_RECEIVER, fd);
}

int procspawn_value_claim_receiver(const json_t *value, procspawn_receiver **ret_receiver)
{
    int fd;
    int rc = procspawn__placeholder_take(value, PROCSPAWN_VALUE_RECEIVER, &fd);

    return rc < 0 ? rc : procspawn__receiver_adopt(fd, true, ret_receiver);
}
