/*
 * received_call.c - decodes a CALL in the child
 */
#include "src/child/received_call.h"

#include "src/child/standing.h"
#include "src/rights/schedule.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- the call ---- */

static int map_parts(struct wire_frame *frame, size_t length,
                     struct procspawn__received_call *received)
{
    int memfd = wire__take_fd(frame, 0);
    int rc = wire__memfd_map(memfd, length, &received->mapped);

    received->mapped_length = rc < 0 ? 0 : length;
    close(memfd);
    return rc;
}

/* One descriptor for each flag. */
static size_t count_flagged(uint32_t flags, uint32_t descriptors)
{
    size_t count = 0;

    for (uint32_t left = flags & descriptors; left; left &= left - 1)
        count++;
    return count;
}

static size_t descriptors_before_buffers(const struct wire_call *call)
{
    return count_flagged(call->flags, WIRE_CALL_FD_MEMORY | WIRE_CALL_FD_CWD |
                         WIRE_CALL_FD_STDIN | WIRE_CALL_FD_STDOUT | WIRE_CALL_FD_STDERR |
                         WIRE_CALL_FD_LEARN);
}

size_t procspawn__received_call_descriptors(const struct wire_call *call)
{
    return descriptors_before_buffers(call) +
           count_flagged(call->buffers, WIRE_BUFFER_NEW_ARGUMENT | WIRE_BUFFER_NEW_RESULTS);
}

/* Block, text and attachments lie behind the structure, in a memfd, or in a standing buffer. */
static int find_parts(struct wire_frame *frame, size_t length, const unsigned char *inside,
                      size_t inside_length, struct procspawn__received_call *received,
                      const unsigned char **ret_parts)
{
    int rc = 0;

    *ret_parts = inside;
    if (received->call.flags & WIRE_CALL_FD_MEMORY) {
        rc = map_parts(frame, length, received);
        *ret_parts = received->mapped;
    } else if (received->call.buffers & WIRE_BUFFER_ARGUMENT) {
        *ret_parts = procspawn__standing_argument(length);
    } else if (length != inside_length) {
        return -EPROTO;
    }
    return rc < 0 || *ret_parts ? rc : -EPROTO;
}

int procspawn__received_call_read(struct wire_frame *frame,
                                  struct procspawn__received_call *ret_received)
{
    const unsigned char *parts = (const unsigned char *)frame->body + sizeof ret_received->call;
    struct wire_call *call = &ret_received->call;

    if (frame->header.type != WIRE_CALL || frame->header.length < sizeof *call)
        return -EPROTO;
    memcpy(call, frame->body, sizeof *call);
    uint64_t inside = frame->header.length - sizeof *call;
    if (call->block_length > SIZE_MAX / 4 || call->text_length > SIZE_MAX / 4 ||
        call->attached_length > SIZE_MAX / 4)
        return -EPROTO;
    uint64_t length = call->block_length + call->text_length + call->attached_length;
    int rc = procspawn__standing_adopt(call, frame, descriptors_before_buffers(call));
    if (rc == 0)
        rc = find_parts(frame, length, parts, inside, ret_received, &parts);
    if (rc < 0)
        return rc;
    ret_received->block = (struct wire_reader){ .bytes = parts, .length = call->block_length };
    ret_received->text = parts + call->block_length;
    return 0;
}

void procspawn__received_call_drop(struct procspawn__received_call *received)
{
    if (received->mapped)
        munmap((void *)(uintptr_t)received->mapped, received->mapped_length);
    received->mapped = NULL;
}

/* ---- the block ---- */

static int outcome(const struct wire_reader *block)
{
    return block->broken ? -EPROTO : 0;
}

int procspawn__received_call_limits(struct wire_reader *block, struct procspawn__limits *ret_limits)
{
    ret_limits->count = wire__get_u32(block);
    if (block->broken || ret_limits->count > WIRE_LIMITS_MAX)
        return -EPROTO;
    for (uint32_t i = 0; i < ret_limits->count; i++) {
        ret_limits->resource[i] = wire__get_u32(block);
        ret_limits->limit[i].rlim_cur = wire__get_u64(block);
        ret_limits->limit[i].rlim_max = wire__get_u64(block);
    }
    return outcome(block);
}

int procspawn__received_call_schedule(uint32_t flags, struct wire_reader *block,
                                      struct procspawn__schedule *schedule)
{
    if (flags & WIRE_CALL_SCHEDULE) {
        schedule->policy = wire__get_u32(block);
        schedule->nice = (int32_t)wire__get_u32(block);
        schedule->priority = wire__get_u32(block);
    }
    if (flags & WIRE_CALL_PROCESSORS) {
        schedule->mask_length = wire__get_u32(block);
        if (schedule->mask_length > sizeof schedule->mask)
            return -EPROTO;
        wire__get_bytes(block, schedule->mask, schedule->mask_length);
    }
    return outcome(block);
}

static void free_variables(char **variables)
{
    for (size_t i = 0; variables[i]; i++)
        free(variables[i]);
    free(variables);
}

static int get_variables(struct wire_reader *block, uint32_t count, char **variables)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *variable = wire__get_string(block);
        if (!variable)
            return -EPROTO;
        variables[i] = strdup(variable);
        if (!variables[i])
            return -ENOMEM;
    }
    return 0;
}

/* Each variable takes at least one byte of the block, which bounds the count and the allocation. */
int procspawn__received_call_environment(struct wire_reader *block, char ***ret_variables)
{
    uint32_t count = wire__get_u32(block);

    if (block->broken || count > block->length)
        return -EPROTO;
    char **variables = calloc(count + 1, sizeof *variables);
    if (!variables)
        return -ENOMEM;
    int rc = get_variables(block, count, variables);
    if (rc < 0)
        free_variables(variables);
    else
        *ret_variables = variables;
    return rc;
}

int procspawn__received_call_chosen_ids(uint32_t flags, struct wire_reader *block, uid_t *ret_uid,
                                        gid_t *ret_gid)
{
    *ret_uid = flags & WIRE_CALL_CHOSEN_USER ? wire__get_u32(block) : (uid_t)-1;
    *ret_gid = flags & WIRE_CALL_CHOSEN_GROUP ? wire__get_u32(block) : (gid_t)-1;
    return outcome(block);
}

static int get_paths(struct wire_reader *block, struct procspawn__sandbox *sandbox)
{
    uint32_t count = wire__get_u32(block);
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        const char *path = wire__get_string(block);
        uint32_t rights = wire__get_u32(block);
        rc = path ? procspawn__sandbox_add_path(sandbox, path, rights) : -EPROTO;
    }
    return rc;
}

static int get_ports(struct wire_reader *block, struct procspawn__sandbox *sandbox)
{
    uint32_t count = wire__get_u32(block);
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        uint32_t port = wire__get_u32(block);
        uint32_t listens = wire__get_u32(block);
        rc = procspawn__sandbox_add_port(sandbox, port, listens != 0);
    }
    return rc;
}

/* What is not known here must not make the sandbox wider. */
static int check_sandbox(const struct wire_reader *block, const struct procspawn__sandbox *sandbox)
{
    if (block->broken || (unsigned)sandbox->profile > PROCSPAWN_SANDBOX_NETWORK ||
        (unsigned)sandbox->denial > PROCSPAWN_DENIAL_LEARN ||
        sandbox->allowed & ~(uint32_t)PROCSPAWN__SANDBOX_EXCEPTIONS)
        return -EPROTO;
    return 0;
}

int procspawn__received_call_sandbox(struct wire_reader *block,
                                     struct procspawn__sandbox *ret_sandbox)
{
    *ret_sandbox = (struct procspawn__sandbox){ 0 };
    ret_sandbox->profile = (enum procspawn_sandbox)wire__get_u32(block);
    ret_sandbox->allowed = wire__get_u32(block);
    ret_sandbox->denial = (enum procspawn_denial)wire__get_u32(block);
    ret_sandbox->partial = wire__get_u32(block) != 0;
    int rc = get_paths(block, ret_sandbox);
    if (rc == 0)
        rc = get_ports(block, ret_sandbox);
    if (rc == 0)
        rc = check_sandbox(block, ret_sandbox);
    if (rc < 0)
        procspawn__sandbox_fini(ret_sandbox);
    return rc;
}
