/*
 * message.c - encodes a value into a message and sends it; checks and decodes a received text
 */
#include "src/value/message.h"

#include "src/base/fd.h"
#include "src/value/footprint.h"
#include "src/value/json_memory.h"
#include "src/value/placeholder.h"
#include "src/value/translate.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
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
    message->memfd = -1;
    message->fd_count = 0;
}

void procspawn__message_fini(struct procspawn__message *message)
{
    if (!message->text.lent)
        free(message->text.bytes);
    base__fd_close(message->memfd);
    for (size_t i = 0; i < message->fd_count; i++)
        base__fd_close(message->fds[i]);
    procspawn__message_init(message);
}

/* ---- out ---- */

static int survey(const json_t *value, unsigned depth, bool *ret_reserved_keys);

/* jansson writes keys that are not UTF-8 as garbage, but json_string checks for it. */
static bool is_utf8(const char *key)
{
    const char *at = key;

    while ((signed char)*at > 0)
        at++;
    if (*at == '\0')
        return true;
    json_t *string = json_string(key);
    json_decref(string);
    return string != NULL;
}

static bool key_travels(void *iterator, const char *key)
{
#if JANSSON_VERSION_HEX >= 0x020e00
    if (strlen(key) != json_object_iter_key_len(iterator))
        return false;
#else
    (void)iterator;
#endif
    return is_utf8(key);
}

static int survey_object(const json_t *value, unsigned depth, bool *ret_reserved_keys)
{
    json_t *object = (json_t *)(uintptr_t)value;
    int rc = 0;

    for (void *i = json_object_iter(object); i && rc == 0; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        if (!key_travels(i, key))
            return PROCSPAWN_EJSON;
        if (procspawn__key_is_reserved(key))
            *ret_reserved_keys = true;
        rc = survey(json_object_iter_value(i), depth + 1, ret_reserved_keys);
    }
    return rc;
}

/*
 * Finds values that only the receiver would refuse: deeper than PROCSPAWN__DEPTH_MAX, or with a NUL
 * in a key. The limit also ends the walk of a value that contains itself.
 */
static int survey(const json_t *value, unsigned depth, bool *ret_reserved_keys)
{
    json_t *item;
    size_t i;
    int rc = 0;

    if (depth >= PROCSPAWN__DEPTH_MAX)
        return PROCSPAWN_EJSON;
    if (json_is_object(value))
        return survey_object(value, depth, ret_reserved_keys);
    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        rc = survey(item, depth + 1, ret_reserved_keys);
        if (rc < 0)
            return rc;
    }
    return 0;
}

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
    return text->overflow ? -ENOMEM : PROCSPAWN_EJSON;
}

static int write_translated(struct procspawn__message *message, const json_t *value)
{
    const struct procspawn__fds_out out = { message->fds, &message->fd_count };
    json_t *translated;
    int rc = procspawn__translate_out(value, &out, &translated);

    if (rc < 0)
        return rc;
    rc = write_text(&message->text, translated);
    json_decref(translated);
    return rc;
}

int procspawn__message_encode(struct procspawn__message *message, const json_t *value)
{
    int rc = survey(value, 0, &message->reserved_keys);

    if (rc < 0)
        return rc;
    return message->reserved_keys ? write_translated(message, value)
                                  : write_text(&message->text, value);
}

/*
 * A text too long for a frame is put into a memfd. It is made once and used each time the message
 * is sent.
 */
static int make_memfd(struct procspawn__message *message)
{
    const struct wire_part text = { message->text.bytes, message->text.length };
    int memfd = wire__memfd_new(&text, 1);

    if (memfd < 0)
        return memfd;
    message->memfd = base__fd_hold(memfd);
    return message->memfd < 0 ? message->memfd : 0;
}

int procspawn__message_send(struct procspawn__message *message, int sock, enum wire_type type,
                            uint64_t generation, bool dont_wait)
{
    struct wire_value head = { .generation = generation, .length = message->text.length,
                               .reserved_keys = message->reserved_keys };
    struct wire_part parts[] = { { &head, sizeof head },
                                 { message->text.bytes, message->text.length } };
    int fds[PROCSPAWN_DESCRIPTORS_MAX + 1];
    size_t fd_count = message->fd_count;

    memcpy(fds, message->fds, fd_count * sizeof fds[0]);
    head.in_memfd = sizeof head + head.length > WIRE_MAX_BODY;
    if (head.in_memfd) {
        int rc = message->memfd < 0 ? make_memfd(message) : 0;
        if (rc < 0)
            return rc;
        fds[fd_count++] = message->memfd;
    }
    return wire__send(sock, type, parts, head.in_memfd ? 1 : 2, fds, fd_count, dont_wait);
}

/* ---- in ---- */

static int refuse(json_error_t *ret_error, const char *format, unsigned long long number)
{
    snprintf(ret_error->text, sizeof ret_error->text, format, number);
    return PROCSPAWN_ELIMIT;
}

/* The reserve for a text that is not measured: its longest token may be all of it. */
enum { SHORT = 2000, SHORT_RESERVE = 4096 };

/*
 * Checks the text against its limit, and says how much reserve jansson needs for it. No byte of
 * text takes ENOUGH bytes of memory, so a short text needs no measuring. Placeholders are replaced
 * in a copy of all arrays and objects; that copy counts as much as the value.
 */
static int check_limit(const struct procspawn__received_value *received, uint64_t *ret_reserve,
                       json_error_t *ret_error)
{
    enum { ENOUGH = 512 };
    static const procspawn__limit none = { UINT64_MAX, UINT_MAX };
    const procspawn__limit *limit = received->limit ? received->limit : &none;

    *ret_reserve = SHORT_RESERVE;
    if (received->length <= SHORT && received->length <= limit->depth &&
        received->length <= limit->bytes / ENOUGH)
        return 0;
    const procspawn__limit here = { limit->bytes / (received->reserved_keys ? 2 : 1),
                                    limit->depth };
    struct procspawn__footprint found = procspawn__footprint(received->text, received->length,
                                                             &here);
    if (found.depth > here.depth)
        return refuse(ret_error, "it is nested deeper than %llu", limit->depth);
    if (found.bytes > here.bytes)
        return refuse(ret_error, "it takes more than %llu bytes of memory", limit->bytes);
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

static int load(const struct procspawn__received_value *received, json_t **ret_value,
                json_error_t *ret_error)
{
    _Alignas(max_align_t) unsigned char nearby[SHORT_RESERVE];
    uint64_t size;
    int rc = check_limit(received, &size, ret_error);

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

int procspawn__message_decode(const struct procspawn__received_value *received, json_t **ret_value,
                              json_error_t *ret_error)
{
    json_t *value;

    if (procspawn__text_is_null(received->text, received->length)) {
        *ret_value = json_null();
        return 0;
    }
    int rc = load(received, &value, ret_error);
    if (rc < 0 || !received->reserved_keys) {
        if (rc == 0)
            *ret_value = value;
        return rc;
    }
    const struct procspawn__fds_in in = { received->fds, received->fd_count, received->fd_owner };
    rc = procspawn__translate_in(value, &in, ret_value);
    json_decref(value);
    return rc;
}
