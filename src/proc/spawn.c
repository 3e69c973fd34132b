/*
 * spawn.c - from a call to a child that has it
 */
#include "src/proc/handle.h"

#include "src/base/clock.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int write_call(struct procspawn__draft *draft, const procspawn_builder *builder,
                      procspawn_function *function, const json_t *argument)
{
    const char *library;
    int rc = procspawn__function_describe(function, &draft->call.function, &library);

    if (rc == 0)
        rc = procspawn__context_describe(draft, builder);
    if (rc == 0 && library) {
        draft->call.flags |= WIRE_CALL_LIBRARY;
        wire__put_string(&draft->block, library);
    }
    if (rc == 0)
        rc = procspawn__streams_open(draft, builder);
    if (rc == 0)
        rc = procspawn__value_encode(argument, &draft->text);
    if (rc == 0 && draft->block.overflow)
        rc = -ENOMEM;
    return rc;
}

/* In the order of the flags. */
static size_t gather_fds(const struct procspawn__draft *draft, int memfd, int fds[])
{
    size_t count = 0;

    if (memfd >= 0)
        fds[count++] = memfd;
    if (draft->cwd >= 0)
        fds[count++] = draft->cwd;
    for (int i = 0; i < 3; i++) {
        if (draft->stdio[i] >= 0)
            fds[count++] = draft->stdio[i];
    }
    return count;
}

static int send_call(struct procspawn__draft *draft, int channel)
{
    struct wire_part parts[] = {
        { &draft->call, sizeof draft->call },
        { draft->block.bytes, draft->block.length },
        { draft->text.bytes, draft->text.length },
    };
    int fds[WIRE_MAX_FDS];
    int memfd = -1;
    size_t part_count = 3;

    draft->call.block_length = draft->block.length;
    draft->call.text_length = draft->text.length;
    if (sizeof draft->call + draft->block.length + draft->text.length > WIRE_MAX_BODY) {
        memfd = wire__memfd_new(parts + 1, 2);
        if (memfd < 0)
            return memfd;
        draft->call.flags |= WIRE_CALL_FD_MEMORY;
        part_count = 1;
    }
    size_t fd_count = gather_fds(draft, memfd, fds);
    int rc = wire__send(channel, WIRE_CALL, parts, part_count, fds, fd_count, false);
    if (memfd >= 0)
        close(memfd);
    return rc;
}

/* A spare may have died with its server while it waited; then another one is taken. */
static int hand_over(struct procspawn__draft *draft, int64_t deadline,
                     struct procspawn__taken *ret_taken)
{
    int rc;

    do {
        struct procspawn__taken taken;
        rc = procspawn__client_take(&taken);
        if (rc < 0)
            return rc;
        if (deadline != BASE_NEVER)
            procspawn__client_limit(&taken, deadline);
        rc = send_call(draft, taken.channel);
        if (rc == 0)
            *ret_taken = taken;
        else
            close(taken.channel);
    } while (rc == -EPIPE);
    return rc;
}

static void take_pipes(struct procspawn__draft *draft, procspawn_handle *handle)
{
    for (int i = 0; i < 3; i++) {
        handle->pipes[i] = draft->pipes[i];
        draft->pipes[i] = -1;
    }
}

static int start_call(const procspawn_builder *builder, procspawn_function *function,
                      const json_t *argument, procspawn_handle *handle)
{
    int64_t deadline =
        builder && builder->duration > 0 ? base__deadline(builder->duration) : BASE_NEVER;
    struct procspawn__draft draft;

    procspawn__draft_init(&draft);
    int rc = write_call(&draft, builder, function, argument);
    if (rc == 0)
        rc = hand_over(&draft, deadline, &handle->taken);
    if (rc == 0)
        take_pipes(&draft, handle);
    procspawn__draft_fini(&draft);
    return rc;
}

static int spawn(const procspawn_builder *builder, procspawn_function *function, json_t *argument,
                 procspawn_handle **ret_handle)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    procspawn_handle *handle = procspawn__handle_new();
    if (!handle)
        return -ENOMEM;
    json_t *sent = argument ? json_incref(argument) : json_null();
    int rc = start_call(builder, function, sent, handle);
    json_decref(sent);
    if (rc == 0)
        *ret_handle = handle;
    else
        procspawn_handle_free(handle);
    return rc;
}

int procspawn_builder_spawn(procspawn_builder *builder, procspawn_function *function,
                            json_t *argument, procspawn_handle **ret_handle)
{
    int cancel;

    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(builder, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle)
{
    return procspawn_builder_spawn(NULL, function, argument, ret_handle);
}
