/*
 * encoded.c - a received value that has not been decoded: where its text lies, and which
 * descriptors it keeps
 */
#include "src/value/encoded.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/value/fd_table.h"
#include "src/value/footprint.h"
#include "src/value/message.h"
#include "src/value/reserved.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct procspawn__encoded {
    const unsigned char *text;
    size_t length;              /* of the text; the attachments follow it */
    size_t attached_length;
    size_t attached_count;
    bool borrowed;              /* this block is the caller's (procspawn__encoded_buffer) */
    bool mapped;                /* the text is mapped; otherwise in `bytes`, or in the frame */
    int memfd;                  /* still holds the text, for lack of memory; else -1 */
    bool reserved_keys;
    procspawn__limit limit;
    size_t fd_count;
    int fds[PROCSPAWN_DESCRIPTORS_MAX];
    unsigned char bytes[];
};

/*
 * Counts the placeholders in a text that the library wrote: the start of each, as jansson writes
 * it. A placeholder that is written differently gets no descriptor.
 */
static size_t count_placeholders(const unsigned char *text, size_t length)
{
    static const char mark[] = "{\"\\u0001" PROCSPAWN__RESERVED_NAME "\":";
    const unsigned char *end = text + length;
    size_t count = 0;

    while (count < PROCSPAWN_DESCRIPTORS_MAX &&
           (text = memmem(text, (size_t)(end - text), mark, sizeof mark - 1)) != NULL) {
        text += sizeof mark - 1;
        count++;
    }
    return count;
}

/*
 * Returns how many descriptors the text may name. Placeholders are numbered from 0 and each occurs
 * once, so these are the first ones. While the text is still in the memfd, all may be named.
 */
static size_t count_named(const struct procspawn__encoded *encoded)
{
    if (!encoded->reserved_keys)
        return 0;
    return encoded->memfd < 0 ? count_placeholders(encoded->text, encoded->length)
                              : PROCSPAWN_DESCRIPTORS_MAX;
}

static int take_fds(struct procspawn__encoded *encoded, struct wire_frame *frame)
{
    size_t named = frame->header.fd_count > 0 ? count_named(encoded) : 0;

    for (size_t i = 0; i < named && i < frame->header.fd_count; i++) {
        int fd = wire__take_fd(frame, i);
        int held = base__fd_hold(fd);
        if (held < 0 && fd >= 0)
            return held;
        encoded->fds[encoded->fd_count++] = held;
    }
    return 0;
}

struct procspawn__encoded *procspawn__encoded_buffer(void)
{
    return malloc(sizeof(struct procspawn__encoded) + WIRE_MAX_BODY);
}

void *procspawn__encoded_body(struct procspawn__encoded *buffer)
{
    return buffer->bytes;
}

/* Leaves the bytes behind the structure as they are: they may be the frame's. */
static void begin(struct procspawn__encoded *encoded, const struct wire_value *head, bool borrowed)
{
    encoded->borrowed = borrowed;
    encoded->text = encoded->bytes;
    encoded->length = head->length;
    encoded->attached_length = head->attached_length;
    encoded->attached_count = head->attached_count;
    encoded->mapped = false;
    encoded->memfd = -1;
    encoded->reserved_keys = head->reserved_keys;
    encoded->fd_count = 0;
}

/* Frees the block, unless it is the caller's. */
static void release(struct procspawn__encoded *encoded)
{
    if (encoded && !encoded->borrowed)
        free(encoded);
}

/* The text stays where it was received. */
static int keep_short(struct wire_frame *frame, const struct wire_value *head,
                      struct procspawn__encoded *buffer, struct procspawn__encoded **ret_encoded)
{
    if (head->length + head->attached_length != frame->header.length - sizeof *head)
        return -EPROTO;
    begin(buffer, head, true);
    buffer->text = (const unsigned char *)frame->body + sizeof *head;
    *ret_encoded = buffer;
    return 0;
}

static int fill(struct procspawn__encoded *encoded, int memfd, bool map)
{
    if (!map)
        return wire__memfd_read(memfd, procspawn__encoded_length(encoded), encoded->bytes);
    int rc = wire__memfd_map(memfd, procspawn__encoded_length(encoded), &encoded->text);
    encoded->mapped = rc == 0;
    return rc;
}

/* Keeps the memfd; the text is read when there is memory. Takes the memfd. */
static int put_off(const struct wire_value *head, int memfd, struct procspawn__encoded *buffer,
                   struct procspawn__encoded **ret_encoded)
{
    int held = base__fd_hold(memfd);

    if (held < 0)
        return held;
    begin(buffer, head, true);
    buffer->memfd = held;
    *ret_encoded = buffer;
    return 0;
}

/*
 * The memfd is the last of the frame's descriptors. A text that is copied gets a block of its own;
 * the encoded value of a mapped one is in the buffer.
 */
static int keep_long(struct wire_frame *frame, const struct wire_value *head,
                     struct procspawn__encoded *buffer, struct procspawn__encoded **ret_encoded)
{
    enum { COPIED = 256 << 10 };
    size_t length = head->length + head->attached_length;
    bool map = length > COPIED;
    struct procspawn__encoded *encoded = map ? buffer : malloc(sizeof *encoded + length);
    int memfd = wire__take_fd(frame, frame->header.fd_count - 1u);
    int rc = -ENOMEM;

    if (encoded) {
        begin(encoded, head, map);
        rc = fill(encoded, memfd, map);
    }
    if (rc == 0)
        *ret_encoded = encoded;
    else
        release(encoded);
    if (rc == -ENOMEM)
        return put_off(head, memfd, buffer, ret_encoded);
    base__close_foreign(memfd);
    return rc;
}

bool procspawn__result_buffer_prepare(struct procspawn__result_buffer *results)
{
    if (!results->copy && results->standing.fd >= 0)
        results->copy = malloc(sizeof *results->copy + results->standing.size);
    return results->copy || results->standing.fd < 0;
}

void procspawn__result_buffer_close(struct procspawn__result_buffer *results)
{
    wire__standing_close(&results->standing);
    free(results->copy);
    results->copy = NULL;
}

/*
 * malloc(3) learns from a large block that is freed that blocks of its size come again: then they
 * are not mapped anew each time. It would learn the wrong size of one that was shortened before.
 */
static struct procspawn__encoded *shorten(struct procspawn__encoded *copy, size_t length,
                                          size_t size)
{
    struct procspawn__encoded *shorter =
        length < size / 2 ? realloc(copy, sizeof *copy + length) : NULL;

    return shorter ? shorter : copy;
}

/* The sender may change the buffer at any time. */
static int keep_standing(const struct wire_value *head, struct procspawn__result_buffer *results,
                         struct procspawn__encoded **ret_encoded)
{
    size_t length = head->length + head->attached_length;
    struct procspawn__encoded *copy = results ? results->copy : NULL;

    if (!copy || length == 0 || length > results->standing.size)
        return -EPROTO;
    int rc = wire__standing_read(&results->standing, length, copy->bytes);
    if (rc < 0)
        return rc;
    results->copy = NULL;
    *ret_encoded = shorten(copy, length, results->standing.size);
    begin(*ret_encoded, head, false);
    return 0;
}

static int keep(struct wire_frame *frame, const struct wire_value *head,
                struct procspawn__result_buffer *results, struct procspawn__encoded *buffer,
                struct procspawn__encoded **ret_encoded)
{
    switch (head->place) {
    case WIRE_INLINE:
        return keep_short(frame, head, buffer, ret_encoded);
    case WIRE_IN_MEMFD:
        return keep_long(frame, head, buffer, ret_encoded);
    case WIRE_IN_BUFFER:
        return keep_standing(head, results, ret_encoded);
    default:
        return -EPROTO;
    }
}

void procspawn__encoded_move_out(struct procspawn__encoded **encoded,
                                 struct procspawn__encoded **buffer)
{
    struct procspawn__encoded *old = *encoded;
    if (!old->borrowed)
        return;
    bool in_frame = !old->mapped && old->memfd < 0;
    size_t length = in_frame ? procspawn__encoded_length(old) : 0;
    struct procspawn__encoded *own = malloc(sizeof *own + length);
    if (own) {
        *own = *old;
        if (in_frame) {
            memcpy(own->bytes, old->text, length);
            own->text = own->bytes;
        }
        *encoded = own;
    } else {
        *buffer = NULL;
    }
    (*encoded)->borrowed = false;
}

int procspawn__encoded_new(struct wire_frame *frame, const procspawn__limit *limit,
                           struct procspawn__result_buffer *results,
                           struct procspawn__encoded *buffer,
                           struct procspawn__encoded **ret_encoded)
{
    struct wire_value head;
    struct procspawn__encoded *encoded = NULL;

    if (frame->header.length < sizeof head)
        return -EPROTO;
    memcpy(&head, frame->body, sizeof head);
    if (head.length > SIZE_MAX / 4 || head.attached_length > SIZE_MAX / 4)
        return -EPROTO;
    int rc = keep(frame, &head, results, buffer, &encoded);
    if (rc == 0)
        rc = procspawn__encoded_length(encoded) > limit->bytes ? PROCSPAWN_ELIMIT
                                                               : take_fds(encoded, frame);
    if (rc < 0) {
        procspawn__encoded_free(encoded);
        return rc;
    }
    encoded->limit = *limit;
    *ret_encoded = encoded;
    return 0;
}

/* Closes the descriptors from index `first` on. */
static void close_fds(struct procspawn__encoded *encoded, size_t first)
{
    if (encoded->fd_count <= first)
        return;
    for (size_t i = first; i < encoded->fd_count; i++)
        base__close_foreign(base__fd_release(encoded->fds[i]));
    encoded->fd_count = first;
    base__close_settle();
}

void procspawn__encoded_free(struct procspawn__encoded *encoded)
{
    if (!encoded)
        return;
    close_fds(encoded, 0);
    base__close_foreign(base__fd_release(encoded->memfd));
    if (encoded->mapped)
        munmap((void *)(uintptr_t)encoded->text, procspawn__encoded_length(encoded));
    release(encoded);
}

void procspawn__encoded_forget(struct procspawn__encoded *encoded)
{
    if (encoded) {
        encoded->fd_count = 0;
        encoded->memfd = -1;
    }
    procspawn__encoded_free(encoded);
}

/* Maps a text that is still in its memfd. */
static int take_in(struct procspawn__encoded *encoded)
{
    int rc = encoded->memfd < 0 ? 0 : fill(encoded, encoded->memfd, true);

    if (rc < 0 || encoded->memfd < 0)
        return rc;
    base__close_foreign(base__fd_release(encoded->memfd));
    encoded->memfd = -1;
    close_fds(encoded, count_named(encoded));
    return 0;
}

int procspawn__encoded_decode(struct procspawn__encoded *encoded,
                              struct procspawn__fd_owner *fd_owner, const bool *stop,
                              json_t **ret_value, json_error_t *ret_error)
{
    int rc = take_in(encoded);
    if (rc < 0) {
        ret_error->text[0] = '\0';
        return rc;
    }
    const struct procspawn__received_value received = {
        .text = encoded->text,
        .length = encoded->length,
        .attached_count = encoded->attached_count,
        .attached_length = encoded->attached_length,
        .reserved_keys = encoded->reserved_keys,
        .fds = encoded->fds,
        .fd_count = encoded->fd_count,
        .fd_owner = fd_owner,
        .limit = &encoded->limit,
        .stop = stop,
    };
    return procspawn__message_decode(&received, ret_value, ret_error);
}

size_t procspawn__encoded_length(const struct procspawn__encoded *encoded)
{
    return encoded->length + encoded->attached_length;
}
