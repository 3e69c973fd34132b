/*
 * request.c - the request of a call: built, sealed, and sent one or more times
 */
#include "src/call/request.h"

#include "src/base/fd.h"
#include "src/image/function.h"
#include "src/image/image.h"
#include "src/value/message.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

void procspawn__draft_init(struct procspawn__draft *draft)
{
    *draft = (struct procspawn__draft){
        .block.grows = true,
        .memory = -1,
        .cwd = -1,
        .stdio = { -1, -1, -1 },
        .pipes = { -1, -1, -1 },
    };
    procspawn__message_init(&draft->message);
}

void procspawn__draft_fini(struct procspawn__draft *draft)
{
    free(draft->block.bytes);
    procspawn__message_fini(&draft->message);
    base__fd_close(draft->memory);
    if (draft->cwd >= 0)
        close(draft->cwd);
    for (int i = 0; i < 3; i++) {
        if (draft->owned[i])
            close(draft->stdio[i]);
        base__fd_close(draft->pipes[i]);
    }
}

void procspawn__draft_forget(struct procspawn__draft *draft)
{
    draft->memory = draft->cwd = draft->message.memfd = -1;
    draft->message.fd_count = 0;
    for (int i = 0; i < 3; i++) {
        draft->owned[i] = false;
        draft->pipes[i] = -1;
    }
    procspawn__draft_fini(draft);
}

int procspawn__draft_function(struct procspawn__draft *draft, procspawn_function *function)
{
    char *library;
    int rc = procspawn__function_describe(function, &draft->call.function, &library);

    if (rc == 0 && library) {
        draft->call.flags |= WIRE_CALL_LIBRARY;
        wire__put_string(&draft->block, library);
    }
    free(library);
    return rc;
}

int procspawn__draft_argument(struct procspawn__draft *draft, const json_t *argument)
{
    int rc = procspawn__message_encode(&draft->message, argument ? argument : json_null());

    if (draft->message.marked)
        draft->call.flags |= WIRE_CALL_MARKED;
    return rc;
}

/* Block and text that are too long for a frame go into a memfd, which can be sent repeatedly. */
int procspawn__draft_seal(struct procspawn__draft *draft)
{
    struct wire_part parts[] = {
        { draft->block.bytes, draft->block.length },
        { draft->message.text.bytes, draft->message.text.length },
    };

    if (draft->block.overflow || draft->message.text.overflow)
        return -ENOMEM;
    draft->call.block_length = draft->block.length;
    draft->call.text_length = draft->message.text.length;
    if (sizeof draft->call + draft->block.length + draft->message.text.length <= WIRE_MAX_BODY)
        return 0;
    draft->memory = base__fd_hold(wire__memfd_new(parts, 2));
    if (draft->memory < 0)
        return draft->memory;
    draft->call.flags |= WIRE_CALL_FD_MEMORY;
    free(draft->block.bytes);
    free(draft->message.text.bytes);
    draft->block = draft->message.text = (struct wire_writer){ .grows = true };
    return 0;
}

/* Order: as the flags in call.h, then the descriptors of the argument. */
static size_t gather_fds(const struct procspawn__draft *draft, int fds[])
{
    size_t count = 0;

    if (draft->memory >= 0)
        fds[count++] = draft->memory;
    if (draft->cwd >= 0)
        fds[count++] = draft->cwd;
    for (int i = 0; i < 3; i++) {
        if (draft->stdio[i] >= 0)
            fds[count++] = draft->stdio[i];
    }
    for (size_t i = 0; i < draft->message.fd_count; i++)
        fds[count++] = draft->message.fds[i];
    return count;
}

/* A request may wait in a pool's queue: are its descriptors still open, and not reused? */
static bool is_whole(const struct procspawn__draft *draft)
{
    bool whole = draft->memory < 0 || base__fd_is_ours(draft->memory);

    for (size_t i = 0; i < draft->message.fd_count; i++)
        whole = whole && base__fd_is_ours(draft->message.fds[i]);
    return whole;
}

/* The kernel reports the real user id to the receiver. Is that not 0, but another one is? */
static bool is_root_unseen(void)
{
    uid_t real, effective, saved;

    if (!procspawn__image.privileged)
        return false;
    getresuid(&real, &effective, &saved);
    return real != 0 && (effective == 0 || saved == 0);
}

int procspawn__draft_send(const struct procspawn__draft *draft, int channel)
{
    struct wire_part parts[] = {
        { &draft->call, sizeof draft->call },
        { draft->block.bytes, draft->block.length },
        { draft->message.text.bytes, draft->message.text.length },
    };
    int fds[WIRE_MAX_FDS];
    size_t fd_count = gather_fds(draft, fds);

    if (!is_whole(draft))
        return -EBADF;
    if (is_root_unseen())
        return wire__send_as_root(channel, WIRE_CALL, parts, 3, fds, fd_count, true);
    return wire__send(channel, WIRE_CALL, parts, 3, fds, fd_count, true);
}
