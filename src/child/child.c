/*
 * child.c - what a child does: it waits for its call, becomes what the call asks for, calls the
 * function, answers, and leaves by _exit; a pool's worker waits for the next call instead
 */
#include "src/child/child.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/base/written.h"
#include "src/child/callee.h"
#include "src/child/received_call.h"
#include "src/child/reply.h"
#include "src/child/setup.h"
#include "src/client/servers.h"
#include "src/image/config.h"
#include "src/image/function.h"
#include "src/image/image.h"
#include "src/value/fd_table.h"
#include "src/value/hash_seed.h"
#include "src/value/message.h"
#include "src/value/placeholder.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct forkserver_child self BASE_WRITTEN;
static struct procspawn__holder held_for_call BASE_WRITTEN;  /* what came with the argument */

static json_t *decode_argument(const struct procspawn__order *order, struct wire_frame *frame)
{
    size_t own = procspawn__order_descriptors(order->call.flags);
    const struct procspawn__arrival arrival = {
        .text = order->text,
        .length = order->call.text_length,
        .marked = order->call.flags & WIRE_CALL_MARKED,
        .fds = frame->fds + own,
        .fd_count = frame->header.fd_count > own ? frame->header.fd_count - own : 0,
        .holder = &held_for_call,
    };
    json_error_t error;
    json_t *argument = NULL;
    int rc = procspawn__message_decode(&arrival, &argument, &error);

    if (rc < 0)
        procspawn__reply_failure(WIRE_FAILURE_JSON, 0, "the argument cannot be decoded: %s",
                                 rc == PROCSPAWN_EJSON ? error.text : forkscope_strerror(rc));
    return argument;
}

/* Who cannot become what a call asks for is the end of a worker: it would not be for the next call
 * either. */
static void refuse(int error, const char *what)
{
    procspawn__reply.stays = false;
    procspawn__reply_failure(WIRE_FAILURE_SETUP, error, "%s: %s", what, strerror(error));
}

/* The function to call; NULL if none was named, or if the failure has been told. */
static procspawn_function *prepare(struct procspawn__order *order, struct wire_frame *frame,
                                   bool first)
{
    const char *what = "";
    const char *library = NULL;
    const char *reason = "";

    int rc = procspawn__setup(&order->call, &order->block, frame, &self, &library, &what);
    if (rc < 0) {
        refuse(-rc, what);
        return NULL;
    }
    if (order->call.flags & WIRE_CALL_PREPARE)
        return NULL;
    procspawn_function *function =
        procspawn__function_resolve(&order->call.function, library,
                                    first && !(order->call.flags & WIRE_CALL_HOOK), &reason);
    if (!function)
        procspawn__reply_failure(WIRE_FAILURE_SETUP, 0, "%s", reason);
    return function;
}

/* ---- streams that are lent to one call of a worker ---- */

enum { NOT_LENT = -1, WAS_CLOSED = -2 };

struct lent {
    int own[STDERR_FILENO + 1]; /* the worker's, kept meanwhile */
};

/* Those that come while it prepares itself are its own. */
static bool lends_streams(const struct wire_call *call)
{
    return procspawn__reply.stays && !(call->flags & WIRE_CALL_PREPARE);
}

/* Returns 0, or why one of them cannot be kept: then the call must not take its place. */
static int lend_streams(uint32_t flags, struct lent *lent)
{
    static const uint32_t flag[] = { WIRE_CALL_FD_STDIN, WIRE_CALL_FD_STDOUT, WIRE_CALL_FD_STDERR };

    int rc = 0;

    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        lent->own[stream] = NOT_LENT;
        if (rc < 0 || !(flags & flag[stream]))
            continue;
        int own = fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (own >= 0 || errno == EBADF)
            lent->own[stream] = own >= 0 ? own : WAS_CLOSED;
        else
            rc = -errno;
    }
    return rc;
}

static void take_streams_back(const struct lent *lent)
{
    bool flushed = false;

    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (lent->own[stream] == NOT_LENT)
            continue;
        if (!flushed)
            fflush(NULL);
        flushed = true;
        if (lent->own[stream] == WAS_CLOSED) {
            close(stream);
            continue;
        }
        dup2(lent->own[stream], stream);
        close(lent->own[stream]);
    }
}

/* ---- the life of a child ---- */

static void run_callback(void)
{
    const struct procspawn_config *config = &procspawn__image.config;

    if (config->callback)
        config->callback(config->callback_argument);
}

/*
 * The answer tells a pool that its worker is free: the streams are the worker's own again by then.
 * Who leaves after it does not tidy up: each page written first is copied.
 */
static void serve(struct procspawn__order *order, struct wire_frame *frame, bool first)
{
    struct lent lent;
    procspawn_function *function = NULL;

    int rc = lend_streams(lends_streams(&order->call) ? order->call.flags : 0, &lent);
    if (rc < 0)
        refuse(-rc, "keeping the streams of the worker");
    else
        function = prepare(order, frame, first);
    if (first && !procspawn__reply.failed)
        run_callback();
    json_t *argument = function ? decode_argument(order, frame) : NULL;
    wire__close_fds(frame);
    procspawn__inside_begin();
    json_t *result = argument ? function(argument) : NULL;
    procspawn__inside_end();
    take_streams_back(&lent);
    if (argument)
        procspawn__reply_result(result);
    else if (!procspawn__reply.failed)
        procspawn__reply_result(json_null());
    procspawn__order_drop(order);
    if (!procspawn__reply.stays)
        return;
    json_decref(result);
    json_decref(argument);
    procspawn__holder_release(&held_for_call);
    procspawn__holder_release(&procspawn__given);
}

/* exit() ends a child at once: what the host registered with atexit() is the host's. */
static void on_exit_called(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    _exit(status);
}

/* The same for quick_exit(): the C library of GNU passes its handlers what it passes all others. */
static void on_quick_exit_called(void *unused, int status)
{
    (void)unused;
    _exit(status);
}

static void become_child(const struct forkserver_child *child)
{
    self = *child;
    base__cancelable(procspawn__image.cancelable);
    procspawn__reply.channel = child->channel;
    procspawn__image.child = getpid();
    procspawn__image.board = NULL;
    procspawn__client_adopt(child->link, child->server);
    procspawn__setup_begin();
    procspawn__seed_draw();
}

/* Whom a failure to receive is told about: the call, as far as it came. */
static void name_call(const struct wire_frame *frame)
{
    const struct wire_call *call = frame->body;

    procspawn__reply.failed = false;
    procspawn__reply.stays = false;
    if (frame->header.length >= sizeof *call)
        procspawn__reply.generation = call->generation;
}

/*
 * Receives an order. The end of the channel means that nobody wants anything any more. Who is
 * killed while it waits leaves the call where it is, for another worker: a frame is looked at
 * first, and taken then.
 */
static void receive(struct wire_frame *frame, struct procspawn__order *ret_order)
{
    int rc = wire__recv(procspawn__reply.channel, frame, false);

    if (rc == -EPIPE)
        _exit(0);
    name_call(frame);
    *ret_order = (struct procspawn__order){ 0 };
    if (rc == 0)
        rc = procspawn__order_read(frame, ret_order);
    if (rc < 0) {
        procspawn__reply_failure(WIRE_FAILURE_SETUP, -rc, "receiving the call: %s", strerror(-rc));
        _exit(1);
    }
    procspawn__reply.stays = (ret_order->call.flags & WIRE_CALL_STAY) != 0;
}

/* A failure to prepare is the end: nobody can know how far it came. */
static bool lives_on(const struct wire_call *call)
{
    if (call->flags & WIRE_CALL_PREPARE)
        return !procspawn__reply.failed;
    return procspawn__reply.stays;
}

/*
 * Goes through the motions of a call with a value of its own. A server does it once: symbols are
 * bound then, and memory is set up, for all children to come. A spare does it when nobody waits for
 * it yet: the first touch of a page costs a fault, a microsecond or two each.
 */
static void warm_up(void)
{
    const struct procspawn__arrival arrival = { .text = "[null]", .length = 6 };
    struct procspawn__message message;
    json_t *value = NULL;

    procspawn__message_init(&message);
    procspawn__message_decode(&arrival, &value, &(json_error_t){ 0 });
    procspawn__message_encode(&message, value);
    procspawn__message_fini(&message);
    json_decref(value);
}

/* All that is the same in every child, and stays unwritten there. */
void procspawn__child_prepare(void)
{
    procspawn__image.is_child = true;
    on_exit(on_exit_called, NULL);
    at_quick_exit((void (*)(void))on_quick_exit_called);
    procspawn__placeholder_renew();
    procspawn__held_forget();
    warm_up();
    fflush(NULL);
}

/*
 * A spare beyond the usual number gives up when nobody takes it. It closes the way in first: a call
 * that came before is in the queue then, and served; who comes later is told by an error, and takes
 * another.
 */
static void wait_as_spare(const struct forkserver_child *child)
{
    struct pollfd fd = { .fd = child->channel, .events = POLLIN };

    if (poll(&fd, 1, (int)(child->patience / (BASE_SECOND / 1000))) == 0)
        shutdown(child->channel, SHUT_RD);
}

void procspawn__child_enter(const struct forkserver_child *child)
{
    static unsigned char body[WIRE_MAX_BODY];
    struct wire_frame frame = { .body = body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    struct procspawn__order order;
    bool first = true;

    become_child(child);
    if (!child->awaited)
        warm_up();
    if (child->patience != BASE_NEVER)
        wait_as_spare(child);
    do {
        receive(&frame, &order);
        serve(&order, &frame, first);
        first = false;
    } while (lives_on(&order.call));
    _exit(procspawn__reply.failed ? 1 : 0);
}
