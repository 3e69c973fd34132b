/*
 * reply.c - what a child says of its call: a result, or a failure
 */
#include "src/proc/child.h"

#include "forkserver/crash.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, PATH_LIMIT = 4096 };

struct procspawn__reply procspawn__reply;

static void send_failure(enum wire_failure_kind kind, int error, const char *message,
                         const char *file, int line, const char *function)
{
    struct wire_failure head = { .kind = kind, .error = error, .line = line,
                                 .stays = procspawn__reply.stays, .generation = procspawn__reply.generation };
    unsigned char strings[MESSAGE_MAX + 2 * PATH_LIMIT + 64];
    struct wire_writer w = { .bytes = strings, .capacity = sizeof strings };

    wire__put_string_cut(&w, message, MESSAGE_MAX);
    wire__put_string_cut(&w, file, PATH_LIMIT);
    wire__put_string_cut(&w, function, PATH_LIMIT);
    struct wire_part parts[] = { { &head, sizeof head }, { strings, w.length } };
    procspawn__reply.failed = true;
    fflush(NULL);
    wire__send(procspawn__reply.channel, WIRE_FAILURE, parts, 2, NULL, 0, false);
}

void procspawn__reply_failure(enum wire_failure_kind kind, int error, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    send_failure(kind, error, message, NULL, 0, NULL);
}

static int send_result(const struct wire_writer *text)
{
    struct wire_part whole = { text->bytes, text->length };
    struct wire_result head = { .generation = procspawn__reply.generation, .length = text->length };
    struct wire_part parts[] = { { &head, sizeof head }, whole };

    if (sizeof head + text->length <= WIRE_MAX_BODY)
        return wire__send(procspawn__reply.channel, WIRE_RESULT, parts, 2, NULL, 0, false);
    int memfd = wire__memfd_new(&whole, 1);
    if (memfd < 0)
        return memfd;
    head.in_memfd = 1;
    int rc = wire__send(procspawn__reply.channel, WIRE_RESULT, parts, 1, &memfd, 1, false);
    close(memfd);
    return rc;
}

void procspawn__reply_result(const json_t *result)
{
    struct wire_writer text = { .grows = true };

    if (!result) {
        procspawn__reply_failure(WIRE_FAILURE_PANIC, 0, "the function returned NULL");
        return;
    }
    int rc = procspawn__value_encode(result, &text);
    if (rc == PROCSPAWN_EJSON) {
        procspawn__reply_failure(WIRE_FAILURE_JSON, 0, "the result cannot be encoded as JSON");
    } else {
        fflush(NULL);
        if (rc == 0)
            rc = send_result(&text);
        if (rc < 0 && rc != -EPIPE)
            procspawn__reply_failure(WIRE_FAILURE_IO, -rc, "the result could not be sent");
    }
    free(text.bytes);
}

void procspawn_panic_at(const char *file, int line, const char *function, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    if (!procspawn__image.is_child)
        abort();
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    forkserver__crash_raise();
    procspawn__reply.stays = false;
    send_failure(WIRE_FAILURE_PANIC, 0, message, file, line, function);
    _exit(1);
}
