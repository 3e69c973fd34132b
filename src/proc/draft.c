/*
 * draft.c - a call in the making: written down, sealed, and sent as often as needed
 */
#include "src/proc/internal.h"

#include "src/wire/memfd.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void procspawn__draft_init(struct procspawn__draft *draft)
{
    *draft = (struct procspawn__draft){
        .block.grows = true,
        .text.grows = true,
        .memory = -1,
        .cwd = -1,
        .stdio = { -1, -1, -1 },
        .pipes = { -1, -1, -1 },
    };
}

void procspawn__draft_fini(struct procspawn__draft *draft)
{
    free(draft->block.bytes);
    free(draft->text.bytes);
    if (draft->memory >= 0)
        close(draft->memory);
    if (draft->cwd >= 0)
        close(draft->cwd);
    for (int i = 0; i < 3; i++) {
        if (draft->owned[i])
            close(draft->stdio[i]);
        if (draft->pipes[i] >= 0)
            close(draft->pipes[i]);
    }
}

int procspawn__draft_function(struct procspawn__draft *draft, procspawn_function *function)
{
    const char *library;
    int rc = procspawn__function_describe(function, &draft->call.function, &library);

    if (rc == 0 && library) {
        draft->call.flags |= WIRE_CALL_LIBRARY;
        wire__put_string(&draft->block, library);
    }
    return rc;
}

int procspawn__draft_argument(struct procspawn__draft *draft, const json_t *argument)
{
    return procspawn__value_encode(argument ? argument : json_null(), &draft->text);
}

/* What is too long for a frame goes to a memfd, which serves every sending. */
int procspawn__draft_seal(struct procspawn__draft *draft)
{
    struct wire_part parts[] = {
        { draft->block.bytes, draft->block.length },
        { draft->text.bytes, draft->text.length },
    };

    if (draft->block.overflow || draft->text.overflow)
        return -ENOMEM;
    draft->call.block_length = draft->block.length;
    draft->call.text_length = draft->text.length;
    if (sizeof draft->call + draft->block.length + draft->text.length <= WIRE_MAX_BODY)
        return 0;
    draft->memory = wire__memfd_new(parts, 2);
    if (draft->memory < 0)
        return draft->memory;
    draft->call.flags |= WIRE_CALL_FD_MEMORY;
    free(draft->block.bytes);
    free(draft->text.bytes);
    draft->block = draft->text = (struct wire_writer){ .grows = true };
    return 0;
}

/* In the order of the flags. */
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
    return count;
}

int procspawn__draft_send(const struct procspawn__draft *draft, int channel)
{
    struct wire_part parts[] = {
        { &draft->call, sizeof draft->call },
        { draft->block.bytes, draft->block.length },
        { draft->text.bytes, draft->text.length },
    };
    int fds[WIRE_MAX_FDS];
    size_t fd_count = gather_fds(draft, fds);

    return wire__send(channel, WIRE_CALL, parts, 3, fds, fd_count, true);
}
