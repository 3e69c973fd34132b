/*
 * call_fuzz.c - a CALL as a child reads it: the structure, then the block with the settings of the
 * child
 */
#include "tests/fuzz/fuzz.h"

#include "src/rights/identity.h"
#include "src/child/received_call.h"
#include "src/rights/schedule.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A frame that holds the call; its descriptor, if any, is memory that holds the rest. */
static void put_in_frame(struct fuzz_input *input, const struct wire_call *call, bool in_memory,
                         struct wire_frame *frame)
{
    size_t behind = in_memory ? 0 : input->left;

    frame->header = (struct wire_header){ .type = WIRE_CALL, .length = sizeof *call + behind };
    frame->body = malloc(sizeof *call + behind);
    memcpy(frame->body, call, sizeof *call);
    memcpy((char *)frame->body + sizeof *call, input->bytes, behind);
    if (!in_memory)
        return;
    frame->fds[0] = fuzz_sealed(input->bytes, input->left);
    frame->header.fd_count = 1;
}

/* Buffers come behind the descriptors of the flags; the first has the rest of the input in it. */
static void put_buffers(struct fuzz_input *input, const struct wire_call *call,
                        struct wire_frame *frame)
{
    struct wire_call without = *call;

    without.buffers = 0;
    size_t end = procspawn__received_call_descriptors(call);
    size_t first = procspawn__received_call_descriptors(&without);
    if (first == end)
        return;
    for (size_t i = frame->header.fd_count; i < end; i++)
        frame->fds[i] = i < first ? fuzz_open(fuzz_u8(input), "any", 3)
                                  : fuzz_sealed(input->bytes, input->left);
    frame->header.fd_count = (uint32_t)end;
}

static void free_environment(char **variables)
{
    for (size_t i = 0; variables[i]; i++)
        free(variables[i]);
    free(variables);
}

static void read_limits(struct wire_reader *block)
{
    struct procspawn__limits limits;

    if (procspawn__received_call_limits(block, &limits) == 0)
        fuzz_check(limits.count <= WIRE_LIMITS_MAX);
}

static void read_environment(struct wire_reader *block)
{
    char **variables;

    if (procspawn__received_call_environment(block, &variables) == 0)
        free_environment(variables);
}

static void read_sandbox(struct wire_reader *block)
{
    struct procspawn__sandbox sandbox;

    if (procspawn__received_call_sandbox(block, &sandbox) < 0)
        return;
    fuzz_check(sandbox.profile <= PROCSPAWN_SANDBOX_NETWORK);
    fuzz_check(sandbox.path_count <= PROCSPAWN__SANDBOX_PATHS);
    fuzz_check(sandbox.port_count <= PROCSPAWN__SANDBOX_PORTS);
    procspawn__sandbox_fini(&sandbox);
}

static void read_string(struct wire_reader *block)
{
    const char *string = wire__get_string(block);
    fuzz_check(!string || strlen(string) < block->length);
}

/* In the order of the block. */
static void read_block(const struct wire_call *call, struct wire_reader *block)
{
    static const uint32_t strings[] = { WIRE_CALL_DIRECTORY, WIRE_CALL_NAME };
    struct procspawn__identity identity;
    struct procspawn__schedule schedule = { .mask_length = 0 };
    const uint32_t flags = call->flags;
    uid_t uid;
    gid_t gid;

    if (procspawn__identity_read(call, block, &identity) == 0) {
        fuzz_check(identity.group_count <= WIRE_GROUPS_MAX);
        procspawn__identity_fini(&identity);
    }
    if (procspawn__received_call_schedule(flags, block, &schedule) == 0)
        fuzz_check(schedule.mask_length <= sizeof schedule.mask);
    if (flags & WIRE_CALL_LIMITS)
        read_limits(block);
    if (flags & WIRE_CALL_ENVIRONMENT)
        read_environment(block);
    if (flags & WIRE_CALL_CHOSEN_LIMITS)
        read_limits(block);
    procspawn__received_call_chosen_ids(flags, block, &uid, &gid);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (flags & strings[i])
            read_string(block);
    }
    if (flags & WIRE_CALL_MEMORY_LIMIT)
        wire__get_u64(block);
    if (flags & WIRE_CALL_SANDBOX)
        read_sandbox(block);
    if (flags & WIRE_CALL_LIBRARY)
        read_string(block);
    fuzz_check(block->at <= block->length);
}

static void check_call(const struct procspawn__received_call *received,
                       const struct wire_call *call)
{
    fuzz_check(received->call.flags == call->flags);
    fuzz_check(procspawn__received_call_descriptors(call) <= 8);
    fuzz_check(received->text == received->block.bytes + received->block.length);
    const size_t length = received->call.text_length + received->call.attached_length;
    free(memcpy(malloc(length + 1), received->text, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    struct wire_frame frame = { .trusted = true };
    struct procspawn__received_call received = { .mapped = NULL };
    uint8_t skew = fuzz_u8(&input);
    struct wire_call call = { .flags = (uint32_t)fuzz_u64(&input) };

    fuzz_note_descriptors();
    call.buffers = (skew & 12) == 12 ? fuzz_u8(&input) : 0;
    call.block_length = fuzz_length(&input, SIZE_MAX);
    call.attached_length = skew & 1 ? (input.left - call.block_length) / 2 : 0;
    call.attached_count = skew;
    call.text_length = input.left - call.block_length - call.attached_length +
                       (skew > 240 ? (uint64_t)skew << 56 : 0);
    put_in_frame(&input, &call, call.flags & WIRE_CALL_FD_MEMORY, &frame);
    put_buffers(&input, &call, &frame);
    if (procspawn__received_call_read(&frame, &received) == 0) {
        check_call(&received, &call);
        read_block(&received.call, &received.block);
    }
    procspawn__received_call_drop(&received);
    wire__close_fds(&frame);
    free(frame.body);
    fuzz_check_descriptors();
    return 0;
}
