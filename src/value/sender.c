/*
 * sender.c - the end of a channel that sends: messages, duplicates, placeholders
 */
#include "src/value/sender.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/value/channel_end.h"
#include "src/value/message.h"
#include "src/value/placeholder.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct procspawn_sender {
    int fd;
    bool foreign;                       /* received from another process */
};

/* A sender receives nothing, so that direction is shut down: nothing can be sent to it either. */
int procspawn__sender_adopt(int fd, bool foreign, procspawn_sender **ret_sender)
{
    procspawn_sender *sender = malloc(sizeof *sender);
    int held = procspawn__end_hold(fd, sender, foreign);

    if (held < 0) {
        free(sender);
        return held;
    }
    shutdown(held, SHUT_RD);
    *sender = (procspawn_sender){ .fd = held, .foreign = foreign };
    *ret_sender = sender;
    return 0;
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
    int rc = fd < 0 ? fd : procspawn__sender_adopt(fd, sender->foreign, ret_sender);

    base__cancelable(cancelable);
    return rc;
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
        procspawn__end_close_unseen(sender->fd);
    else
        base__fd_close(sender->fd);
    base__cancelable(cancelable);
    free(sender);
}

int procspawn_sender_fd(const procspawn_sender *sender)
{
    return sender->fd;
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
        rc = procspawn__end_wait(sender->fd, POLLOUT, deadline, cancel);
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

/* ---- placeholders ---- */

json_t *procspawn_value_sender(const procspawn_sender *sender)
{
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_SENDER, false,
                                                (uint64_t)sender->fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_sender_take(procspawn_sender *sender)
{
    int fd = base__fd_release(sender->fd);

    free(sender);
    return fd < 0 ? NULL : procspawn__placeholder_give(PROCSPAWN_VALUE_SENDER, fd);
}

int procspawn_value_claim_sender(const json_t *value, procspawn_sender **ret_sender)
{
    int fd;
    int rc = procspawn__placeholder_take(value, PROCSPAWN_VALUE_SENDER, &fd);

    return rc < 0 ? rc : procspawn__sender_adopt(fd, true, ret_sender);
}
