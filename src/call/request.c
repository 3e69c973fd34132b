/*
 * request.c - the request of a call: built, sealed, and sent one or more times
 */
#include "src/call/request.h"

#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/call/capture.h"
#include "src/call/learning.h"
#include "src/image/function.h"
#include "src/image/image.h"
#include "src/value/message.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

void procspawn__request_init(struct procspawn__request *request)
{
    *request = (struct procspawn__request){
        .block.grows = true,
        .memory = -1,
        .kept = WIRE_STANDING_NONE,
        .cwd = -1,
        .stdio = { -1, -1, -1 },
        .pipes = { -1, -1, -1 },
    };
    procspawn__message_init(&request->message);
}

void procspawn__request_fini(struct procspawn__request *request)
{
    free(request->block.bytes);
    procspawn__message_fini(&request->message);
    base__fd_close(request->memory);
    wire__standing_close(&request->kept);
    base__fd_close(request->cwd);
    for (int i = 0; i < 3; i++) {
        if (request->owned[i])
            base__fd_close(request->stdio[i]);
        base__fd_close(request->pipes[i]);
    }
    procspawn__capture_drop(request->capture);
    procspawn__learning_drop(request->learning);
}

void procspawn__request_forget(struct procspawn__request *request)
{
    request->memory = request->cwd = request->message.memfd = -1;
    request->kept = WIRE_STANDING_NONE;     /* the mapping was not inherited */
    request->message.fd_count = 0;
    for (int i = 0; i < 3; i++) {
        request->owned[i] = false;
        request->pipes[i] = -1;
    }
    procspawn__capture_forget(request->capture);
    procspawn__learning_forget(request->learning);
    request->capture = NULL;
    request->learning = NULL;
    procspawn__request_fini(request);
}

int procspawn__request_function(struct procspawn__request *request, procspawn_function *function)
{
    char *library;
    int rc = procspawn__function_describe(function, &request->call.function, &library);

    if (rc == 0 && library) {
        request->call.flags |= WIRE_CALL_LIBRARY;
        wire__put_string(&request->block, library);
    }
    free(library);
    return rc;
}

int procspawn__request_argument(struct procspawn__request *request, const json_t *argument)
{
    int rc = procspawn__message_encode(&request->message, argument ? argument : json_null());
    char reason[64];

    if (rc == PROCSPAWN_EJSON && base__refusal_take(rc, reason, sizeof reason))
        base__refuse(rc, "the argument cannot be encoded as JSON: %s", reason);
    if (request->message.reserved_keys)
        request->call.flags |= WIRE_CALL_RESERVED_KEYS;
    return rc;
}

size_t procspawn__request_excess(const struct procspawn__request *request)
{
    size_t length = request->block.length + procspawn__message_length(&request->message);
    return sizeof request->call + length <= WIRE_MAX_BODY ? 0 : length;
}

static void note_lengths(struct procspawn__request *request)
{
    const struct procspawn__message *message = &request->message;

    request->call.block_length = request->block.length;
    request->call.text_length = message->text_length;
    request->call.attached_length = message->attached_length;
    request->call.attached_count = message->attached_count;
    if (request->learning)
        request->call.flags |= WIRE_CALL_FD_LEARN;
}

/* They are elsewhere now. */
static void drop_contents(struct procspawn__request *request)
{
    free(request->block.bytes);
    request->block = (struct wire_writer){ .grows = true };
    procspawn__message_drop_contents(&request->message);
}

/* A memfd can be sent repeatedly. Takes it. */
static int settle(struct procspawn__request *request, int memfd)
{
    request->memory = base__fd_hold(memfd);
    if (request->memory < 0)
        return request->memory;
    request->call.flags |= WIRE_CALL_FD_MEMORY;
    return 0;
}

int procspawn__request_seal(struct procspawn__request *request)
{
    const struct wire_part block = { request->block.bytes, request->block.length };

    if (request->block.overflow || request->message.text.overflow)
        return -ENOMEM;
    note_lengths(request);
    if (procspawn__request_excess(request) == 0)
        return procspawn__message_keep(&request->message);
    int rc = settle(request, procspawn__message_memfd(&request->message, &block));
    if (rc == 0)
        drop_contents(request);
    return rc;
}

void procspawn__request_stand(struct procspawn__request *request,
                              const struct wire_standing *standing)
{
    const struct wire_part block = { request->block.bytes, request->block.length };

    note_lengths(request);
    procspawn__message_stand(&request->message, &block, standing);
    drop_contents(request);
    request->standing = standing;
}

void procspawn__request_take_back(struct procspawn__request *request,
                                  struct wire_standing *standing)
{
    if (request->standing != standing)
        return;
    request->kept = *standing;
    request->standing = &request->kept;
    *standing = WIRE_STANDING_NONE;
}

static int settle_kept(struct procspawn__request *request)
{
    const struct wire_part all = {
        request->kept.bytes,
        request->call.block_length + request->call.text_length + request->call.attached_length
    };
    int rc = settle(request, wire__memfd_new(&all, 1));

    if (rc == 0)
        request->standing = NULL;
    return rc;
}

/* Order: as the flags in call.h, new buffers, then the descriptors of the argument. */
static size_t gather_fds(const struct procspawn__request *request,
                         const struct procspawn__receiver_buffers *buffers, int fds[])
{
    size_t count = 0;

    if (request->memory >= 0)
        fds[count++] = request->memory;
    if (request->cwd >= 0)
        fds[count++] = request->cwd;
    for (int i = 0; i < 3; i++) {
        if (request->stdio[i] >= 0)
            fds[count++] = request->stdio[i];
    }
    if (request->call.flags & WIRE_CALL_FD_LEARN)
        fds[count++] = procspawn__learning_socket(request->learning);
    if (request->call.buffers & WIRE_BUFFER_NEW_ARGUMENT)
        fds[count++] = buffers->argument->fd;
    if (request->call.buffers & WIRE_BUFFER_NEW_RESULTS)
        fds[count++] = buffers->results->fd;
    for (size_t i = 0; i < request->message.fd_count; i++)
        fds[count++] = request->message.fds[i];
    return count;
}

static bool is_there(int fd)
{
    return fd < 0 || base__fd_is_ours(fd);
}

/* A request may wait before it is sent: are its descriptors still open, and not reused? */
static bool is_whole(const struct procspawn__request *request)
{
    bool whole = is_there(request->memory) && is_there(request->cwd) &&
                 is_there(procspawn__learning_socket(request->learning));

    for (int i = 0; i < 3; i++)
        whole = whole && (!request->owned[i] || is_there(request->stdio[i]));
    for (size_t i = 0; i < request->message.fd_count; i++)
        whole = whole && base__fd_is_ours(request->message.fds[i]);
    return whole;
}

/* The kernel reports the real user id to the receiver. Is that not 0, but another one is? */
static bool is_root_unseen(void)
{
    uid_t real, effective, saved;

    if (!procspawn__image.privileged)
        return false;
    if (getuid() == 0)
        return false;
    getresuid(&real, &effective, &saved);
    return effective == 0 || saved == 0;
}

static int send_parts(int channel, const struct wire_part *parts, size_t count, const int *fds,
                      size_t fd_count)
{
    if (is_root_unseen())
        return wire__send_as_root(channel, WIRE_CALL, parts, count, fds, fd_count, true);
    return wire__send(channel, WIRE_CALL, parts, count, fds, fd_count, true);
}

static int send_request(const struct procspawn__request *request,
                        const struct procspawn__receiver_buffers *buffers, int channel)
{
    struct wire_part parts[] = {
        { &request->call, sizeof request->call },
        { request->block.bytes, request->block.length },
        { request->message.text.bytes, request->message.text.length },
    };
    int fds[WIRE_MAX_FDS];
    size_t fd_count = gather_fds(request, buffers, fds);

    if (!is_whole(request))
        return -EBADF;
    return send_parts(channel, parts, 3, fds, fd_count);
}

int procspawn__request_send(const struct procspawn__request *request, int channel)
{
    return send_request(request, NULL, channel);
}

/* A buffer whose descriptor the program has closed is not sent. */
static bool is_to_send(const struct wire_standing *standing, bool new)
{
    return new && standing->fd >= 0 && base__fd_is_ours(standing->fd);
}

int procspawn__request_send_with(struct procspawn__request *request, int channel,
                                 const struct procspawn__receiver_buffers *buffers)
{
    uint32_t flags = 0;
    int rc = request->standing == &request->kept ? settle_kept(request) : 0;

    if (rc < 0)
        return rc;
    if (request->standing)
        flags |= WIRE_BUFFER_ARGUMENT;
    if (request->standing && buffers->new_argument)
        flags |= WIRE_BUFFER_NEW_ARGUMENT;
    if (is_to_send(buffers->results, buffers->new_results))
        flags |= WIRE_BUFFER_NEW_RESULTS;
    request->call.buffers = flags;
    if (flags & WIRE_BUFFER_NEW_ARGUMENT && !is_to_send(buffers->argument, true))
        return -EBADF;
    return send_request(request, buffers, channel);
}

int procspawn__request_send_bytes(const void *bytes, size_t length, int channel)
{
    const struct wire_part part = { bytes, length };
    return send_parts(channel, &part, 1, NULL, 0);
}
