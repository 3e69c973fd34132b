/*
 * channel.c - values from many senders to one receiver
 *
 * A channel is one socket pair. All senders are duplicates of one end, so the kernel keeps the
 * order of messages and reports when the last sender is gone.
 */
#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/scope/wait_points.h"
#include "src/value/decoding.h"
#include "src/value/encoded.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/value/message.h"
#include "src/value/placeholder.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/channel.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct procspawn_sender {
    int fd;
    bool foreign;                       /* received from another process */
};

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

/* Takes fd. Returns its number, which may be another one, or -errno. */
static int hold_or_close(int fd, bool has_memory, bool foreign)
{
    if (has_memory)
        return base__fd_hold(fd);
    if (foreign)
        base__close_foreign(fd);
    else
        close(fd);
    return -ENOMEM;
}

/*
 * Makes a sender of a socket; the descriptor is taken, also on failure. A sender receives nothing,
 * so that direction is shut down: nothing can be sent to it either.
 */
static int adopt_sender(int fd, bool foreign, procspawn_sender **ret_sender)
{
    procspawn_sender *sender = malloc(sizeof *sender);
    int held = hold_or_close(fd, sender, foreign);

    if (held < 0) {
        free(sender);
        return held;
    }
    shutdown(held, SHUT_RD);
    *sender = (procspawn_sender){ .fd = held, .foreign = foreign };
    *ret_sender = sender;
    return 0;
}

/* Makes a receiver of a socket; the descriptor is taken, also on failure. */
static int adopt_receiver(int fd, bool shared, procspawn_receiver **ret_receiver)
{
    procspawn_receiver *receiver = malloc(sizeof *receiver);
    struct procspawn__encoded *buffer = procspawn__encoded_buffer();
    int held = hold_or_close(fd, receiver && buffer, shared);

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

static int open_channel(procspawn_sender **ret_sender, procspawn_receiver **ret_receiver)
{
    procspawn_sender *sender = NULL;
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    rc = adopt_sender(ends[0], false, &sender);
    if (rc < 0) {
        close(ends[1]);
        return rc;
    }
    rc = adopt_receiver(ends[1], false, ret_receiver);
    if (rc < 0) {
        base__fd_close(sender->fd);
        free(sender);
        return rc;
    }
    *ret_sender = sender;
    return 0;
}

int procspawn_channel_new(procspawn_sender **ret_sender, procspawn_receiver **ret_receiver)
{
    bool cancelable = base__cancelable(false);
    int rc = open_channel(ret_sender, ret_receiver);

    base__cancelable(cancelable);
    return rc;
}

static int duplicate(int fd)
{
    int copy = base__fd_is_ours(fd) ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;

    if (copy < 0)
        return base__fd_is_ours(fd) ? -errno : -EBADF;
    return copy;
}

int procspawn_sender_dup(const procspawn_sender *sender, procspawn_sender **ret_sender)
{
    bool cancelable = base__cancelable(false);
    int fd = duplicate(sender->fd);
    int rc = fd < 0 ? fd : adopt_sender(fd, sender->foreign, ret_sender);

    base__cancelable(cancelable);
    return rc;
}

/*
 * Closes an end whose contents are unknown. Messages in it are discarded with its last duplicate,
 * and that can block. Which duplicate is the last cannot be known. Nor can the contents be
 * inspected while others have the end: they can hide them (SO_PEEK_OFF).
 */
static void close_unseen(int fd)
{
    fd = base__fd_release(fd);
    if (fd < 0)
        return;
    base__close_foreign(fd);
    base__close_settle();
}

/*
 * Nothing can have been sent to a sender that was made in this process, so it is closed directly.
 */
void procspawn_sender_free(procspawn_sender *sender)
{
    if (!sender)
        return;
    bool cancelable = base__cancelable(false);
    if (sender->foreign)
        close_unseen(sender->fd);
    else
        base__fd_close(sender->fd);
    base__cancelable(cancelable);
    free(sender);
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
        close_unseen(receiver->fd);
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

int procspawn_sender_fd(const procspawn_sender *sender)
{
    return sender->fd;
}

/*
 * Returns 0, -ETIMEDOUT or -ECANCELED. A cancellation point, if cancellation is on for the caller.
 */
static int wait_for(int fd, short events, int64_t deadline, int cancel)
{
    if (base__now() >= deadline)
        return -ETIMEDOUT;
    pthread_setcancelstate(cancel, NULL);
    int rc = scoped__wait_fd(fd, events, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return rc;
}

/* ---- sending ---- */

static void on_cancel(void *message)
{
    base__stack_unwound();
    procspawn__message_fini(message);
}

static int send_until(const procspawn_sender *sender, struct procspawn__message *message,
                      int64_t deadline, int cancel)
{
    int rc;

    do {
        if (!base__fd_is_ours(sender->fd))
            return -EBADF;
        rc = procspawn__message_send(message, sender->fd, WIRE_VALUE, 0, true);
        if (rc != -EAGAIN)
            return rc;
        rc = wait_for(sender->fd, POLLOUT, deadline, cancel);
    } while (rc == 0);
    return rc;
}

static int send_value(const procspawn_sender *sender, const json_t *value, int64_t deadline,
                      int cancel)
{
    struct procspawn__message message;
    int rc;

    procspawn__message_init(&message);
    pthread_cleanup_push(on_cancel, &message);
    rc = procspawn__message_encode(&message, value);
    if (rc == 0)
        rc = send_until(sender, &message, deadline, cancel);
    pthread_cleanup_pop(0);
    procspawn__message_fini(&message);
    return rc;
}

int procspawn_sender_send_timeout(procspawn_sender *sender, json_t *value, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = send_value(sender, value ? value : json_null(), deadline, cancel);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_sender_send(procspawn_sender *sender, json_t *value)
{
    return procspawn_sender_send_timeout(sender, value, -1);
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
        rc = procspawn__encoded_new(&frame, &receiver->limit, receiver->buffer, &receiver->encoded);
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
        rc = wait_for(receiver->fd, POLLIN, deadline, cancel);
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

json_t *procspawn_value_sender(const procspawn_sender *sender)
{
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_SENDER, false,
                                                (uint64_t)sender->fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_receiver(const procspawn_receiver *receiver)
{
    __atomic_store_n(&((procspawn_receiver *)(uintptr_t)receiver)->shared, true, __ATOMIC_RELAXED);
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_RECEIVER, false,
                                                (uint64_t)receiver->fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_sender_take(procspawn_sender *sender)
{
    int fd = base__fd_release(sender->fd);

    free(sender);
    return fd < 0 ? NULL : procspawn__placeholder_give(PROCSPAWN_VALUE_SENDER, fd);
}

json_t *procspawn_value_receiver_take(procspawn_receiver *receiver)
{
    int fd = base__fd_release(receiver->fd);

    drop_receiver(receiver);
    return fd < 0 ? NULL : procspawn__placeholder_give(PROCSPAWN_VALUE_RECEIVER, fd);
}

int procspawn_take_sender(const json_t *value, procspawn_sender **ret_sender)
{
    int fd;
    int rc = procspawn__placeholder_take(value, PROCSPAWN_VALUE_SENDER, &fd);

    return rc < 0 ? rc : adopt_sender(fd, true, ret_sender);
}

int procspawn_take_receiver(const json_t *value, procspawn_receiver **ret_receiver)
{
    int fd;
    int rc = procspawn__placeholder_take(value, PROCSPAWN_VALUE_RECEIVER, &fd);

    return rc < 0 ? rc : adopt_receiver(fd, true, ret_receiver);
}
