/*
 * message.c - encodes a value into a message and sends it; checks and decodes a received text
 */
#include "src/value/message.h"

#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/value/attachments.h"
#include "src/value/footprint.h"
#include "src/value/json_memory.h"
#include "src/value/survey.h"
#include "src/value/translate_in.h"
#include "src/value/translate_out.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void procspawn__message_init(struct procspawn__message *message)
{
    message->text = (struct wire_writer){ .grows = true };
    message->reserved_keys = false;
    message->text_length = 0;
    message->attached_count = 0;
    message->attached_length = 0;
    message->attachments = (struct procspawn__attachments){ .parts = NULL };
    message->failed = false;
    message->leaving = false;
    message->times = (struct wire_times){ 0, 0 };
    message->standing = NULL;
    message->memfd = -1;
    message->fd_count = 0;
}

void procspawn__message_fini(struct procspawn__message *message)
{
    if (!message->text.lent)
        free(message->text.bytes);
    free(message->attachments.parts);
    base__fd_close(message->memfd);
    for (size_t i = 0; i < message->fd_count; i++)
        base__fd_close(message->fds[i]);
    procspawn__message_init(message);
}

/* ---- out ---- */

static int append(const char *text, size_t length, void *writer)
{
    wire__put_bytes(writer, text, length);
    return ((struct wire_writer *)writer)->overflow ? -1 : 0;
}

/* null is the most frequent value (no argument, no result), so it is handled without jansson. */
static const char null_text[] = { 'n', 'u', 'l', 'l' };

bool procspawn__text_is_null(const void *text, size_t length)
{
    return length == sizeof null_text && memcmp(text, null_text, sizeof null_text) == 0;
}

static int write_text(struct wire_writer *text, const json_t *value)
{
    if (json_is_null(value)) {
        wire__put_bytes(text, null_text, sizeof null_text);
        return text->overflow ? -ENOMEM : 0;
    }
    if (json_dump_callback(value, append, text, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return 0;
    return text->overflow ? -ENOMEM : procspawn__survey_not_utf8();
}

static int write_translated(struct procspawn__message *message, const json_t *value,
                            bool attachments)
{
    const struct procspawn__beside beside = {
        message->fds, &message->fd_count, attachments ? &message->attachments : NULL
    };
    json_t *translated;
    int rc = procspawn__translate_out(value, &beside, &translated);

    if (rc < 0)
        return rc;
    rc = write_text(&message->text, translated);
    json_decref(translated);
    return rc;
}

/* The lengths of the attachments follow the text. */
static int write_table(struct procspawn__message *message)
{
    const struct procspawn__attachments *attachments = &message->attachments;

    message->text_length = message->text.length;
    message->attached_count = attachments->count;
    for (size_t i = 0; i < attachments->count; i++)
        wire__put_u64(&message->text, attachments->parts[i].length);
    message->attached_length = message->text.length - message->text_length + attachments->bytes;
    return message->text.overflow ? -ENOMEM : 0;
}

int procspawn__message_encode(struct procspawn__message *message, const json_t *value)
{
    struct procspawn__survey survey = { false, false };

    base__refusal_forget();
    int rc = procspawn__survey(value, &survey);

    if (rc < 0)
        return rc;
    message->reserved_keys = survey.reserved_keys;
    if (survey.reserved_keys || survey.attachments)
        rc = write_translated(message, value, survey.attachments);
    else
        rc = write_text(&message->text, value);
    return rc < 0 ? rc : write_table(message);
}

size_t procspawn__message_length(const struct procspawn__message *message)
{
    return message->text_length + message->attached_length;
}

static void drop_attachments(struct procspawn__message *message)
{
    free(message->attachments.parts);
    message->attachments = (struct procspawn__attachments){ .parts = NULL };
}

void procspawn__message_drop_contents(struct procspawn__message *message)
{
    drop_attachments(message);
    free(message->text.bytes);
    message->text = (struct wire_writer){ .grows = true };
}

int procspawn__message_keep(struct procspawn__message *message)
{
    const struct procspawn__attachments *attachments = &message->attachments;

    if (attachments->count == 0)
        return 0;
    wire__reserve(&message->text, attachments->bytes);
    for (size_t i = 0; i < attachments->count; i++)
        wire__put_bytes(&message->text, attachments->parts[i].data, attachments->parts[i].length);
    if (message->text.overflow)
        return -ENOMEM;
    drop_attachments(message);
    return 0;
}

static int fill_memfd(int memfd, const struct procspawn__message *message,
                      const struct wire_part *before)
{
    const struct wire_part first[] = { *before, { message->text.bytes, message->text.length } };
    int rc = wire__memfd_append(memfd, first, sizeof first / sizeof first[0]);

    if (rc == 0)
        rc = wire__memfd_append(memfd, message->attachments.parts, message->attachments.count);
    return rc == 0 ? wire__memfd_seal(memfd) : rc;
}

int procspawn__message_memfd(const struct procspawn__message *message,
                             const struct wire_part *before)
{
    int memfd = wire__memfd_open(before->length + procspawn__message_length(message));

    if (memfd < 0)
        return memfd;
    int rc = fill_memfd(memfd, message, before);
    if (rc == 0)
        return memfd;
    close(memfd);
    return rc;
}

bool procspawn__message_stand(const struct procspawn__message *message,
                              const struct wire_part *before,
                              const struct wire_standing *standing)
{
    const struct wire_part first[] = { *before, { message->text.bytes, message->text.length } };

    if (before->length + procspawn__message_length(message) > standing->size)
        return false;
    size_t at = wire__standing_write(standing, 0, first, sizeof first / sizeof first[0]);
    wire__standing_write(standing, at, message->attachments.parts, message->attachments.count);
    return true;
}

static const struct wire_part nothing = { NULL, 0 };

/* A message too long for a frame is put into a memfd once, and that is sent each time. */
static int make_memfd(struct procspawn__message *message)
{
    if (message->memfd >= 0)
        return 0;
    int memfd = procspawn__message_memfd(message, &nothing);
    if (memfd < 0)
        return memfd;
    message->memfd = base__fd_hold(memfd);
    return message->memfd < 0 ? message->memfd : 0;
}

static enum wire_place place_of(const struct procspawn__message *message)
{
    if (sizeof(struct wire_value) + procspawn__message_length(message) <= WIRE_MAX_BODY)
        return WIRE_INLINE;
    if (message->standing && procspawn__message_stand(message, &nothing, message->standing))
        return WIRE_IN_BUFFER;
    return WIRE_IN_MEMFD;
}

static int settle(struct procspawn__message *message, enum wire_place place)
{
    switch (place) {
    case WIRE_INLINE:
        return procspawn__message_keep(message);
    case WIRE_IN_MEMFD:
        return make_memfd(message);
    default:
        return 0;
    }
}

int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait)
{
    struct wire_value head = { .generation = generation, .length = message->text_length,
                               .attached_length = message->attached_length,
                               .attached_count = message->attached_count,
                               .place = place_of(message),
                               .reserved_keys = message->reserved_keys,
                               .failed = message->failed, .leaving = message->leaving,
                               .times = message->times };
    int fds[PROCSPAWN_DESCRIPTORS_MAX + 1];
    size_t fd_count = message->fd_count;

    memcpy(fds, message->fds, fd_count * sizeof fds[0]);
    int rc = settle(message, (enum wire_place)head.place);
    if (rc < 0)
        return rc;
    if (head.place == WIRE_IN_MEMFD)
        fds[fd_count++] = message->memfd;
    const struct wire_part parts[] = { { &head, sizeof head },
                                       { message->text.bytes, message->text.length } };
    return wire__send(sock, type, parts, head.place == WIRE_INLINE ? 2 : 1, fds, fd_count,
                      dont_wait);
}

/* ---- in ---- */

static int refuse(json_error_t *ret_error, const char *format, unsigned long long number)
{
    snprintf(ret_error->text, sizeof ret_error->text, format, number);
    return PROCSPAWN_ELIMIT;
}

/* The reserve for a text that is not measured: its longest token may be all of it. */
enum { SHORT = 2000, SHORT_RESERVE = 4096 };

static int refuse_size(json_error_t *ret_error, const procspawn__limit *limit)
{
    return refuse(ret_error, "it takes more than %llu bytes of memory", limit->bytes);
}

/*
 * Checks text and attachments against the limit, and says how much reserve jansson needs for the
 * text. No byte of text takes ENOUGH bytes of memory, so a short text needs no measuring. An object
 * with escaped keys is copied; all objects may be in one, so the copy counts as much as the text.
 */
static int check_limit(const struct procspawn__received_value *received,
                       uint64_t attached_footprint, uint64_t *ret_reserve, json_error_t *ret_error)
{
    enum { ENOUGH = 512 };
    static const procspawn__limit none = { UINT64_MAX, UINT_MAX };
    const procspawn__limit *limit = received->limit ? received->limit : &none;

    *ret_reserve = SHORT_RESERVE;
    if (attached_footprint > limit->bytes)
        return refuse_size(ret_error, limit);
    uint64_t bytes = limit->bytes - attached_footprint;
    if (received->length <= SHORT && received->length <= limit->depth &&
        received->length <= bytes / ENOUGH)
        return 0;
    const procspawn__limit here = { bytes / (received->reserved_keys ? 2 : 1), limit->depth };
    struct procspawn__footprint found = procspawn__footprint(received->text, received->length,
                                                             &here);
    if (found.depth > here.depth)
        return refuse(ret_error, "it is nested deeper than %llu", limit->depth);
    if (found.bytes > here.bytes)
        return refuse_size(ret_error, limit);
    *ret_reserve = 2 * found.passing;
    return 0;
}

struct reader {
    const unsigned char *at;
    size_t left;
    const bool *stop;
};

static bool is_stopped(const bool *stop)
{
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

static size_t read_text(void *buffer, size_t size, void *data)
{
    struct reader *reader = data;
    size_t length = size < reader->left ? size : reader->left;

    if (is_stopped(reader->stop))
        return (size_t)-1;
    memcpy(buffer, reader->at, length);
    reader->at += length;
    reader->left -= length;
    return length;
}

/* jansson reads a text that may be stopped in pieces of a kilobyte. */
static json_t *load_text(const struct procspawn__received_value *received, json_error_t *ret_error)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    struct reader reader = { received->text, received->length, received->stop };

    return received->stop ? json_load_callback(read_text, &reader, flags, ret_error)
                          : json_loadb(received->text, received->length, flags, ret_error);
}

/* A failure without an error text is a lack of memory. */
static int judge(const struct procspawn__received_value *received, const json_t *value,
                 const json_error_t *error)
{
    if (value)
        return 0;
    if (is_stopped(received->stop))
        return -ECANCELED;
    return error->text[0] == '\0' ? -ENOMEM : PROCSPAWN_EJSON;
}

static int load_with_reserve(const struct procspawn__received_value *received, void *reserve,
                             size_t size, json_t **ret_value, json_error_t *ret_error)
{
    struct procspawn__json_memory memory;

    procspawn__json_memory_begin(&memory, reserve, size);
    json_t *value = load_text(received, ret_error);
    int rc = memory.refused ? -ENOMEM : judge(received, value, ret_error);
    if (rc < 0)
        json_decref(value);
    procspawn__json_memory_end();
    if (rc == 0)
        *ret_value = value;
    return rc;
}

static int load(const struct procspawn__received_value *received, uint64_t attached_footprint,
                json_t **ret_value, json_error_t *ret_error)
{
    _Alignas(max_align_t) unsigned char nearby[SHORT_RESERVE];
    uint64_t size;
    int rc = check_limit(received, attached_footprint, &size, ret_error);

    if (rc < 0)
        return rc;
    void *block = size > sizeof nearby ? malloc(size) : nearby;
    if (!block) {
        ret_error->text[0] = '\0';
        return -ENOMEM;
    }
    rc = load_with_reserve(received, block, size, ret_value, ret_error);
    if (block != nearby)
        free(block);
    return rc;
}

/* Puts descriptors and attachments in. Takes the value. */
static int complete(const struct procspawn__received_value *received,
                    const struct procspawn__attached *attached, json_t *value, json_t **ret_value,
                    json_error_t *ret_error)
{
    struct procspawn__came_beside beside = {
        .reserved_keys = received->reserved_keys,
        .fds = received->fds,
        .fd_count = received->fd_count,
        .fd_owner = received->fd_owner,
        .attached = *attached,
        .stop = received->stop,
    };
    int rc = procspawn__translate_in(value, &beside, ret_value);

    if (rc == PROCSPAWN_EJSON)
        snprintf(ret_error->text, sizeof ret_error->text, "a string is not UTF-8");
    else if (rc == -ENOMEM)
        ret_error->text[0] = '\0';
    return rc;
}

int procspawn__message_decode(const struct procspawn__received_value *received, json_t **ret_value,
                              json_error_t *ret_error)
{
    struct procspawn__attached attached;
    uint64_t attached_footprint = 0;
    json_t *value;

    if (received->attached_length == 0 && received->attached_count == 0 &&
        procspawn__text_is_null(received->text, received->length)) {
        *ret_value = json_null();
        return 0;
    }
    int rc = procspawn__attached_read((const unsigned char *)received->text + received->length,
                                      received->attached_length, received->attached_count,
                                      &attached, &attached_footprint);
    if (rc == 0)
        rc = load(received, attached_footprint, &value, ret_error);
    if (rc < 0)
        return rc;
    if (received->reserved_keys || attached.count > 0)
        return complete(received, &attached, value, ret_value, ret_error);
    *ret_value = value;
    return 0;
}
