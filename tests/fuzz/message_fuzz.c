/*
 * message_fuzz.c - an argument or a result: its text, its attachments and its descriptors, in a
 * frame, in shared memory, or in a standing buffer
 */
#include "tests/fuzz/fuzz.h"

#include "src/base/closer.h"
#include "src/value/bytes.h"
#include "src/value/message.h"
#include "src/value/encoded.h"
#include "src/value/placeholder.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FDS_MAX = 6 };

/* Takes everything that the value stands for, as a program would. */
static void take_all(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    int fd;

    const char *bytes = procspawn_bytes_value(value);

    fuzz_check(!bytes || bytes[procspawn_bytes_length(value)] == '\0');
    for (unsigned kind = PROCSPAWN_VALUE_FD; kind <= PROCSPAWN_VALUE_RECEIVER; kind++)
        if (procspawn__placeholder_take(value, kind, &fd) == 0)
            close(fd);
    json_array_foreach((json_t *)(uintptr_t)value, i, item)
        take_all(item);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
        take_all(item);
}

/* What came in can go out. */
static void send_on(const json_t *value)
{
    struct procspawn__message message;

    procspawn__message_init(&message);
    procspawn__message_encode(&message, value);
    procspawn__message_fini(&message);
}

static void open_all(struct fuzz_input *input, struct wire_frame *frame)
{
    frame->header.fd_count = fuzz_u8(input) % (FDS_MAX + 1);
    for (size_t i = 0; i < frame->header.fd_count; i++)
        frame->fds[i] = fuzz_open(fuzz_u8(input), "shared", 6);
}

static void put_in_memfd(struct fuzz_input *input, struct wire_frame *frame)
{
    frame->fds[frame->header.fd_count++] = fuzz_sealed(input->bytes, input->left);
}

/* What the sender has laid into its standing buffer. */
static void put_in_buffer(struct fuzz_input *input, struct procspawn__result_buffer *results)
{
    if (wire__standing_to_read(input->left + 1, &results->standing) < 0 ||
        pwrite(results->standing.fd, input->bytes, input->left, 0) != (ssize_t)input->left)
        abort();
}

/* The structure is built from a few bytes, so that its lengths are right most of the time. */
static void build(struct fuzz_input *input, struct wire_frame *frame,
                  struct procspawn__result_buffer *results)
{
    uint8_t flags = fuzz_u8(input), skew = fuzz_u8(input);
    struct wire_value head = { .place = flags & 1 ? WIRE_IN_MEMFD : WIRE_INLINE,
                               .reserved_keys = flags & 2 };

    if (flags & 8) {
        head.attached_count = fuzz_u8(input);
        head.attached_length = fuzz_length(input, SIZE_MAX);
    }
    if (flags & 16)
        head.place = flags & 32 ? (uint32_t)flags >> 6 : WIRE_IN_BUFFER;
    if (flags & 64)
        put_in_buffer(input, results);
    size_t behind = head.place == WIRE_INLINE ? input->left : 0;
    head.length = input->left - head.attached_length + (skew > 240 ? skew : 0);
    if (head.place == WIRE_IN_MEMFD)
        put_in_memfd(input, frame);
    frame->header.length = (flags & 4 ? 5 : sizeof head) + behind;
    frame->body = malloc(sizeof head + behind);
    memcpy(frame->body, &head, sizeof head);
    memcpy((char *)frame->body + sizeof head, input->bytes, behind);
}

static void receive(struct wire_frame *frame, struct procspawn__result_buffer *results,
                    struct procspawn__fd_owner *fd_owner)
{
    const procspawn__limit limit = { .bytes = 64 << 10, .depth = 64 };
    struct procspawn__encoded *buffer = procspawn__encoded_buffer(), *encoded = NULL;
    json_t *value = NULL;
    json_error_t error;

    fuzz_check(procspawn__result_buffer_prepare(results));
    if (procspawn__encoded_new(frame, &limit, results, buffer, &encoded) == 0 &&
        procspawn__encoded_decode(encoded, fd_owner, NULL, &value, &error) == 0) {
        send_on(value);
        take_all(value);
        json_decref(value);
    }
    procspawn__encoded_free(encoded);
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    struct wire_frame frame = { .trusted = true };
    struct procspawn__fd_owner fd_owner = { 0 };
    struct procspawn__result_buffer results = PROCSPAWN__NO_RESULT_BUFFER;

    fuzz_note_descriptors();
    base__close_by_threads(false);
    open_all(&input, &frame);
    build(&input, &frame, &results);
    receive(&frame, &results, &fd_owner);
    procspawn__result_buffer_close(&results);
    wire__close_fds(&frame);
    procspawn__fd_owner_release(&fd_owner);
    free(frame.body);
    fuzz_check_descriptors();
    return 0;
}
