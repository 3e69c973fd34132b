/*
 * child.c - the main function of a child: receives a call, sets itself up as the call asks, runs
 * the function, replies and exits; a pool's worker waits for the next call instead
 */
#include "src/child/child.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/base/written.h"
#include "src/child/callee.h"
#include "src/child/fail.h"
#include "src/child/received_call.h"
#include "src/child/reply.h"
#include "src/child/sandboxed.h"
#include "src/child/saved_stdio.h"
#include "src/child/setup.h"
#include "src/client/servers.h"
#include "src/crash/owner.h"
#include "src/fresh/fresh.h"
#include "src/image/config.h"
#include "src/image/function.h"
#include "src/image/image.h"
#include "src/sandbox/confine.h"
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

static const int64_t prepared_timeout = BASE_SECOND;    /* until the call comes (prepared.h) */

static struct forkserver_child self BASE_WRITTEN;
static unsigned char body[WIRE_MAX_BODY];       /* of the frame that is received */
static struct procspawn__fd_owner argument_fds BASE_WRITTEN; /* descriptors of the argument */

static json_t *decode_argument(const struct procspawn__received_call *received,
                               struct wire_frame *frame)
{
    size_t own = procspawn__received_call_descriptors(&received->call);
    const struct procspawn__received_value encoded = {
        .text = received->text,
        .length = received->call.text_length,
        .attached_count = received->call.attached_count,
        .attached_length = received->call.attached_length,
        .reserved_keys = received->call.flags & WIRE_CALL_RESERVED_KEYS,
        .fds = frame->fds + own,
        .fd_count = frame->header.fd_count > own ? frame->header.fd_count - own : 0,
        .fd_owner = &argument_fds,
    };
    json_error_t error;
    json_t *argument = NULL;
    int rc = procspawn__message_decode(&encoded, &argument, &error);

    if (rc < 0)
        procspawn__reply_failure(WIRE_FAILURE_JSON, 0, "the argument cannot be decoded: %s",
                                 rc == PROCSPAWN_EJSON ? error.text : forkscope_strerror(rc));
    return argument;
}

/* The set-up failed. A worker ends then, because the next call would fail in the same way. */
static void refuse(int error, const char *what)
{
    procspawn__reply.keep_alive = false;
    procspawn__reply_failure(WIRE_FAILURE_SETUP, error, "%s: %s", what, strerror(error));
}

/* A confined process loads nothing: what is not loaded is refused by name. */
static procspawn_function *resolve(const struct wire_call *call, const char *library, bool first)
{
    const bool confined = procspawn__sandbox_confined();
    const char *reason = "";
    procspawn_function *function = procspawn__function_resolve(
        &call->function, confined ? NULL : library, first && !(call->flags & WIRE_CALL_HOOK),
        &reason);

    if (function)
        return function;
    if (confined && library)
        procspawn__reply_failure(WIRE_FAILURE_SETUP, 0,
                                 "%s is not loaded, and a process in a sandbox loads no library",
                                 library);
    else
        procspawn__reply_failure(WIRE_FAILURE_SETUP, 0, "%s", reason);
    return NULL;
}

/* Returns the function to call; NULL for PREPARE, and after a failure, which has been sent. */
static procspawn_function *prepare(struct procspawn__received_call *received,
                                   struct wire_frame *frame, bool first)
{
    const char *what = "";
    const char *library = NULL;

    int rc = procspawn__setup(&received->call, &received->block, frame, &self, &library, &what);
    if (rc < 0) {
        refuse(-rc, what);
        return NULL;
    }
    if (received->call.flags & WIRE_CALL_PREPARE)
        return NULL;
    return resolve(&received->call, library, first);
}

/* The streams of PREPARE are the worker's own and stay. */
static bool replaces_stdio(const struct wire_call *call)
{
    return procspawn__reply.keep_alive && !(call->flags & WIRE_CALL_PREPARE);
}

static CRASH_BELOW_CALLED void run_callback(void)
{
    const struct procspawn_config *config = &procspawn__image.config;

    if (config->callback)
        config->callback(config->callback_argument);
}

/* What comes after it is done in the sandbox: the argument is untrusted already. */
static void enter_sandbox(void)
{
    const char *reason = "";
    int rc = procspawn__sandboxed_enter(&reason);

    if (rc == 0)
        return;
    procspawn__reply.keep_alive = false;
    procspawn__reply_failure(WIRE_FAILURE_SETUP, -rc, "the sandbox is not possible: %s", reason);
}

static CRASH_BELOW_CALLED json_t *run(const struct procspawn__received_call *received,
                                      procspawn_function *function, json_t *argument)
{
    struct wire_times *times = &procspawn__reply.times;

    procspawn__callee_begin();
    procspawn__fail_begin();
    if (received->call.flags & WIRE_CALL_TELL_BEGIN)
        procspawn__reply_begin();
    times->began = base__now();
    json_t *result = function(argument);
    times->ended = base__now();
    procspawn__callee_end();
    procspawn__callee_finish();
    return result;
}

/* The result of an initializer is dropped. If it has failed the worker ends and frees nothing. */
static void reply_initialized(const json_t *result, const struct procspawn__failure *failure)
{
    if (result && !failure) {
        procspawn__reply_result(json_null());
        return;
    }
    procspawn__reply.keep_alive = false;
    if (failure)
        procspawn__reply_failure(WIRE_FAILURE_SETUP, 0, "the initializer has failed: %s",
                                 failure->message);
    else
        procspawn__reply_result(NULL);
}

/*
 * The worker's streams are restored before the answer is sent, because the next call may follow at
 * once. A child that exits after the answer frees nothing: the first write to each page copies it.
 * Nor does a worker whose memory is put back.
 */
static void serve(struct procspawn__received_call *received, struct wire_frame *frame, bool first)
{
    struct procspawn__saved_stdio stdio;
    struct procspawn__failure failure;
    procspawn_function *function = NULL;

    if (received->call.fresh)
        procspawn__fresh_open();
    int rc = procspawn__stdio_save(replaces_stdio(&received->call) ? received->call.flags : 0,
                                   &stdio);
    procspawn__stdio_write_lines(received->call.flags, &stdio);
    if (rc < 0)
        refuse(-rc, "could not keep the streams of the worker");
    else
        function = prepare(received, frame, first);
    if (first && !procspawn__reply.failed)
        run_callback();
    if (!procspawn__reply.failed)
        enter_sandbox();
    if (procspawn__reply.failed)
        function = NULL;
    json_t *argument = function ? decode_argument(received, frame) : NULL;
    wire__close_fds(frame);
    json_t *result = argument ? run(received, function, argument) : NULL;
    bool reported = procspawn__fail_end(&failure);
    procspawn__stdio_restore(&stdio);
    if (argument && received->call.flags & WIRE_CALL_INITIALIZE)
        reply_initialized(result, reported ? &failure : NULL);
    else if (reported)
        procspawn__reply_reported(&failure);
    else if (argument)
        procspawn__reply_result(result);
    else if (!procspawn__reply.failed && !(received->call.flags & WIRE_CALL_AHEAD))
        procspawn__reply_result(json_null());
    procspawn__received_call_drop(received);
    if (!procspawn__reply.keep_alive || procspawn__reply.fresh)
        return;
    if (reported)
        procspawn__failure_fini(&failure);
    json_decref(result);
    json_decref(argument);
    procspawn__fd_owner_release(&argument_fds);
    procspawn__fd_owner_release(&procspawn__fds_to_send);
}

/* exit() in a child skips the handlers that the program registered before init with atexit(3). */
static void on_exit_called(int status, void *unused)
{
    (void)unused;
    procspawn__callee_finish();
    fflush(NULL);
    _exit(status);
}

/* The same for quick_exit(). The GNU C library calls its handlers with these arguments. */
static void on_quick_exit_called(void *unused, int status)
{
    (void)unused;
    procspawn__callee_finish();
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

/* Sets the generation that a failure to receive the call is sent with. */
static void name_call(const struct wire_frame *frame)
{
    const struct wire_call *call = frame->body;

    procspawn__reply.failed = false;
    procspawn__reply.keep_alive = false;
    procspawn__reply.times = (struct wire_times){ 0, 0 };
    if (frame->header.length >= sizeof *call)
        procspawn__reply.generation = call->generation;
}

/*
 * Receives a call. Exits at the end of the channel: the caller does not need this child any more.
 * wire__recv peeks at a frame before it takes it. So a child that is killed while it waits leaves
 * the call in the channel, for another child.
 */
static void receive(struct wire_frame *frame, struct procspawn__received_call *ret_received)
{
    int rc = wire__recv(procspawn__reply.channel, frame, false);

    if (rc == -EPIPE)
        _exit(0);
    name_call(frame);
    *ret_received = (struct procspawn__received_call){ 0 };
    if (rc == 0)
        rc = procspawn__received_call_read(frame, ret_received);
    if (rc < 0) {
        procspawn__reply_failure(WIRE_FAILURE_SETUP, -rc, "could not receive the call: %s",
                                 strerror(-rc));
        _exit(1);
    }
    procspawn__reply.keep_alive = (ret_received->call.flags & WIRE_CALL_KEEP_ALIVE) != 0;
}

/* After a failure of PREPARE or the initializer the worker exits: it may be half set up. */
static bool is_persistent(const struct wire_call *call)
{
    if (call->flags & (WIRE_CALL_PREPARE | WIRE_CALL_INITIALIZE))
        return !procspawn__reply.failed;
    return procspawn__reply.keep_alive;
}

/*
 * Decodes and encodes a value as a call does. A server does it once, so that its children inherit
 * bound symbols and an initialised heap. A spare does it before its call comes: the first access to
 * a page causes a fault of one or two microseconds.
 */
static void warm_up(void)
{
    const struct procspawn__received_value encoded = { .text = "[null]", .length = 6 };
    struct procspawn__message message;
    json_t *value = NULL;

    procspawn__message_init(&message);
    procspawn__message_decode(&encoded, &value, &(json_error_t){ 0 });
    procspawn__message_encode(&message, value);
    procspawn__message_fini(&message);
    json_decref(value);
}

/* What is the same in every child is done here, so that children share the memory. */
void procspawn__child_prepare(void)
{
    procspawn__image.is_child = true;
    on_exit(on_exit_called, NULL);
    at_quick_exit((void (*)(void))on_quick_exit_called);
    procspawn__placeholder_reset();
    procspawn__fd_table_forget();
    warm_up();
    fflush(NULL);
}

/*
 * A child that is not needed exits if no call comes in time. It shuts down the receiving side
 * first: a call sent before that is in the channel and is served; a later sender gets an error and
 * takes another child.
 */
static void wait_as_spare(int channel, int64_t timeout)
{
    struct pollfd fd = { .fd = channel, .events = POLLIN };

    if (poll(&fd, 1, (int)(timeout / (BASE_SECOND / 1000))) == 0)
        shutdown(channel, SHUT_RD);
}

/* ---- workers whose calls start fresh ---- */

static struct {
    bool draws_seed;
    void (*hook)(void *argument);
    void *argument;
} fresh BASE_WRITTEN;

static CRASH_BELOW_CALLED void begin_fresh(void)
{
    if (fresh.draws_seed)
        procspawn__seed_draw_anew();
    if (fresh.hook)
        fresh.hook(fresh.argument);
}

/* Code of the program that has run may have made values that depend on the seed. */
static bool may_draw_seed(const struct wire_call *call)
{
    return !(call->flags & (WIRE_CALL_INITIALIZE | WIRE_CALL_HOOK)) &&
           !procspawn__image.config.callback && procspawn__seed_locate();
}

/* If there is no snapshot, each answer says that the worker takes no other call. */
static void take_snapshot(const struct wire_call *call, const void *mark)
{
    fresh.draws_seed = may_draw_seed(call);
    fresh.hook = (void (*)(void *))(uintptr_t)call->fresh_hook;
    fresh.argument = (void *)(uintptr_t)call->fresh_argument;
    procspawn__reply.fresh = true;
    procspawn__fresh_take(mark);
}

/* Makes a worker ready for its next call. Returns false if it can take none. */
static bool renew(const struct wire_call *call, const void *mark)
{
    if (call->fresh == WIRE_FRESH_NOW)
        take_snapshot(call, mark);
    else if (!procspawn__reply.fresh)
        return true;
    else if (!procspawn__fresh_put_back())
        return false;
    begin_fresh();
    return true;
}

/* `mark`: what lies above it on the stack does not change any more. */
static CRASH_BELOW_CALLED void __attribute__((noinline, noreturn))
serve_calls(const struct forkserver_child *child, const void *mark)
{
    struct wire_frame frame = { .body = body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    struct procspawn__received_call received;
    bool first = true;
    bool more;

    do {
        receive(&frame, &received);
        serve(&received, &frame, first);
        first = false;
        if (received.call.flags & WIRE_CALL_AHEAD && !procspawn__reply.failed)
            wait_as_spare(child->channel, prepared_timeout);
        more = is_persistent(&received.call) && renew(&received.call, mark);
    } while (more);
    _exit(procspawn__reply.failed ? 1 : 0);
}

CRASH_BELOW_CALLED void procspawn__child_enter(const struct forkserver_child *child)
{
    const char mark = 0;

    become_child(child);
    if (!child->on_demand) {
        warm_up();
        *(volatile unsigned char *)body = 0;    /* the call comes here */
    }
    if (child->idle_timeout != BASE_NEVER)
        wait_as_spare(child->channel, child->idle_timeout);
    serve_calls(child, &mark);
}
