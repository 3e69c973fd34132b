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
#include "src/value/placeholder.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
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

struct procspawn__parcel {
    const unsigned char *text;
    size_t length;
    bool lent;                  /* this block is the caller's (procspawn__parcel_room) */
    bool mapped;                /* the text is mapped; otherwise in `bytes`, or in the frame */
    int memfd;                  /* still holds the text, for lack of memory; else -1 */
    bool marked;
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
    static const char mark[] = "{\"\\u0001" PROCSPAWN__MARK_NAME "\":";
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
static size_t count_named(const struct procspawn__parcel *parcel)
{
    if (!parcel->marked)
        return 0;
    return parcel->memfd < 0 ? count_placeholders(parcel->text, parcel->length)
                             : PROCSPAWN_DESCRIPTORS_MAX;
}

static int take_fds(struct procspawn__parcel *parcel, struct wire_frame *frame)
{
    size_t named = frame->header.fd_count > 0 ? count_named(parcel) : 0;

    for (size_t i = 0; i < named && i < frame->header.fd_count; i++) {
        int fd = wire__take_fd(frame, i);
        int held = base__fd_hold(fd);
        if (held < 0 && fd >= 0)
            return held;
        parcel->fds[parcel->fd_count++] = held;
    }
    return 0;
}

struct procspawn__parcel *procspawn__parcel_room(void)
{
    return malloc(sizeof(struct procspawn__parcel) + WIRE_MAX_BODY);
}

void *procspawn__parcel_body(struct procspawn__parcel *room)
{
    return room->bytes;
}

/* Leaves the bytes behind the structure as they are: they may be the frame's. */
static void begin(struct procspawn__parcel *parcel, const struct wire_value *head, bool lent)
{
    parcel->lent = lent;
    parcel->text = parcel->bytes;
    parcel->length = head->length;
    parcel->mapped = false;
    parcel->memfd = -1;
    parcel->marked = head->marked;
    parcel->fd_count = 0;
}

/* Frees the block, unless it is the caller's. */
static void release(struct procspawn__parcel *parcel)
{
    if (parcel && !parcel->lent)
        free(parcel);
}

/* The text stays where it was received. */
static int keep_short(struct wire_frame *frame, const struct wire_value *head,
                      struct procspawn__parcel *room, struct procspawn__parcel **ret_parcel)
{
    if (head->length != frame->header.length - sizeof *head)
        return -EPROTO;
    begin(room, head, true);
    room->text = (const unsigned char *)frame->body + sizeof *head;
    *ret_parcel = room;
    return 0;
}

static int fill(struct procspawn__parcel *parcel, int memfd, bool map)
{
    if (!map)
        return wire__memfd_read(memfd, parcel->length, parcel->bytes);
    int rc = wire__memfd_map(memfd, parcel->length, &parcel->text);
    parcel->mapped = rc == 0;
    return rc;
}

/* The parcel keeps the memfd; the text is read when there is memory. Takes the memfd. */
static int put_off(const struct wire_value *head, int memfd, struct procspawn__parcel *room,
                   struct procspawn__parcel **ret_parcel)
{
    int held = base__fd_hold(memfd);

    if (held < 0)
        return held;
    begin(room, head, true);
    room->memfd = held;
    *ret_parcel = room;
    return 0;
}

/*
 * The memfd is the last of the frame's descriptors. A text that is copied gets a block of its own;
 * the parcel of a mapped one is in the room.
 */
static int keep_long(struct wire_frame *frame, const struct wire_value *head,
                     struct procspawn__parcel *room, struct procspawn__parcel **ret_parcel)
{
    enum { COPIED = 256 << 10 };
    bool map = head->length > COPIED;
    struct procspawn__parcel *parcel = map ? room : malloc(sizeof *parcel + head->length);
    int memfd = wire__take_fd(frame, frame->header.fd_count - 1u);
    int rc = -ENOMEM;

    if (parcel) {
        begin(parcel, head, map);
        rc = fill(parcel, memfd, map);
    }
    if (rc == 0)
        *ret_parcel = parcel;
    else
        release(parcel);
    if (rc == -ENOMEM)
        return put_off(head, memfd, room, ret_parcel);
    base__close_foreign(memfd);
    return rc;
}

void procspawn__parcel_move_out(struct procspawn__parcel **parcel, struct procspawn__parcel **room)
{
    struct procspawn__parcel *old = *parcel;
    if (!old->lent)
        return;
    bool in_frame = !old->mapped && old->memfd < 0;
    size_t length = in_frame ? old->length : 0;
    struct procspawn__parcel *own = malloc(sizeof *own + length);
    if (own) {
        *own = *old;
        if (in_frame) {
            memcpy(own->bytes, old->text, length);
            own->text = own->bytes;
        }
        *parcel = own;
    } else {
        *room = NULL;
    }
    (*parcel)->lent = false;
}

int procspawn__parcel_new(struct wire_frame *frame, const procspawn__limit *limit,
                          struct procspawn__parcel *room, struct procspawn__parcel **ret_parcel)
{
    struct wire_value head;
    struct procspawn__parcel *parcel = NULL;

    if (frame->header.length < sizeof head)
        return -EPROTO;
    memcpy(&head, frame->body, sizeof head);
    int rc = head.in_memfd ? keep_long(frame, &head, room, &parcel)
                           : keep_short(frame, &head, room, &parcel);
    if (rc == 0)
        rc = head.length > limit->bytes ? PROCSPAWN_ELIMIT : take_fds(parcel, frame);
    if (rc < 0) {
        procspawn__parcel_free(parcel);
        return rc;
    }
    parcel->limit = *limit;
    *ret_parcel = parcel;
    return 0;
}

/* Closes the descriptors from index `first` on. */
static void close_fds(struct procspawn__parcel *parcel, size_t first)
{
    if (parcel->fd_count <= first)
        return;
    for (size_t i = first; i < parcel->fd_count; i++)
        base__close_foreign(base__fd_release(parcel->fds[i]));
    parcel->fd_count = first;
    base__close_settle();
}

void procspawn__parcel_free(struct procspawn__parcel *parcel)
{
    if (!parcel)
        return;
    close_fds(parcel, 0);
    base__close_foreign(base__fd_release(parcel->memfd));
    if (parcel->mapped)
        munmap((void *)(uintptr_t)parcel->text, parcel->length);
    release(parcel);
}

void procspawn__parcel_forget(struct procspawn__parcel *parcel)
{
    if (parcel) {
        parcel->fd_count = 0;
        parcel->memfd = -1;
    }
    procspawn__parcel_free(parcel);
}

/* Maps a text that is still in its memfd. */
static int take_in(struct procspawn__parcel *parcel)
{
    int rc = parcel->memfd < 0 ? 0 : fill(parcel, parcel->memfd, true);

    if (rc < 0 || parcel->memfd < 0)
        return rc;
    base__close_foreign(base__fd_release(parcel->memfd));
    parcel->memfd = -1;
    close_fds(parcel, count_named(parcel));
    return 0;
}

int procspawn__parcel_decode(struct procspawn__parcel *parcel, struct procspawn__holder *holder,
                             const bool *stop, json_t **ret_value, json_error_t *ret_error)
{
    int rc = take_in(parcel);
    if (rc < 0) {
        ret_error->text[0] = '\0';
        return rc;
    }
    const struct procspawn__arrival arrival = {
        .text = parcel->text,
        .length = parcel->length,
        .marked = parcel->marked,
        .fds = parcel->fds,
        .fd_count = parcel->fd_count,
        .holder = holder,
        .limit = &parcel->limit,
        .stop = stop,
    };
    return procspawn__message_decode(&arrival, ret_value, ret_error);
}

bool procspawn__parcel_is_whole(const struct procspawn__parcel *parcel)
{
    bool whole = true;

    for (size_t i = 0; i < parcel->fd_count; i++)
        whole = whole && parcel->fds[i] >= 0;
    return whole;
}

size_t procspawn__parcel_length(const struct procspawn__parcel *parcel)
{
    return parcel->length;
}
