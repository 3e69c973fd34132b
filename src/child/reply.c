/*
 * reply.c - sends the result or the failure of a call, in the child
 */
#include "src/child/reply.h"

#include "src/base/clock.h"
#include "src/base/refusal.h"
#include "src/base/shortage.h"
#include "src/base/written.h"
#include "src/child/callee.h"
#include "src/child/standing.h"
#include "src/client/take.h"
#include "src/crash/handler.h"
#include "src/fresh/fresh.h"
#include "src/image/image.h"
#include "src/value/failure.h"
#include "src/value/message.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, PATH_LIMIT = 4096 };

struct procspawn__reply procspawn__reply BASE_WRITTEN;
static char refusal[MESSAGE_MAX];       /* empty: none */

/*
 * May the child wait for another call? It is asked when the answer is encoded, and takes memory and
 * descriptors.
 */
static bool stays(void)
{
    struct procspawn__reply *reply = &procspawn__reply;

    if (reply->keep_alive && reply->fresh)
        reply->keep_alive = !procspawn__client_was_asked() && !procspawn__fresh_look();
    return reply->keep_alive;
}

/* If the function has closed the channel or reused its number, the failure cannot be sent; then the
 * exit status WIRE_UNHEARD reports it. */
static void send_failure(enum wire_failure_kind kind, int error, const char *message,
                         const char *file, int line, const char *function)
{
    fflush(NULL);
    struct wire_failure head = { .kind = kind, .error = error, .line = line,
                                 .keep_alive = stays(),
                                 .generation = procspawn__reply.generation,
                                 .times = procspawn__reply.times };
    unsigned char strings[MESSAGE_MAX + 2 * PATH_LIMIT + 64];
    struct wire_writer w = { .bytes = strings, .capacity = sizeof strings };

    wire__put_string_cut(&w, message, MESSAGE_MAX);
    wire__put_string_cut(&w, file, PATH_LIMIT);
    wire__put_string_cut(&w, function, PATH_LIMIT);
    struct wire_part parts[] = { { &head, sizeof head }, { strings, w.length } };
    procspawn__reply.failed = true;
    int rc = wire__send(procspawn__reply.channel, WIRE_FAILURE, parts, 2, NULL, 0, false);
    if (rc < 0 && rc != -EPIPE && !base__is_shortage(rc))
        _exit(WIRE_UNHEARD);
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

/* Why the value cannot be sent; NULL: the error has another cause. */
static const char *unsendable(int rc)
{
    switch (rc) {
    case PROCSPAWN_EJSON:
        return "cannot be encoded as JSON";
    case PROCSPAWN_EVALUE:
        return "has a placeholder that stands for nothing";
    case PROCSPAWN_EDESCRIPTORS:
        return "has more descriptors than fit into a message";
    default:
        return NULL;
    }
}

void procspawn__reply_refuse(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(refusal, sizeof refusal, format, arguments);
    va_end(arguments);
}

void procspawn__reply_begin(void)
{
    const int on = 1;

    setsockopt(procspawn__reply.channel, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on);
    shutdown(procspawn__reply.channel, SHUT_RD);
}

static void reply_nothing(void)
{
    if (refusal[0] != '\0')
        procspawn__reply_failure(WIRE_FAILURE_JSON, 0, "%s", refusal);
    else
        procspawn__reply_failure(WIRE_FAILURE_PANIC, 0,
                                 "the function returned NULL and gave no reason (procspawn_fail "
                                 "gives one)");
    refusal[0] = '\0';
}

/* `what`: how errors call the value. */
static void send_value(const json_t *value, bool failed, const char *what)
{
    const struct procspawn__reply *reply = &procspawn__reply;
    /* Most results are short. A child that does not use the heap copies no page of it. */
    unsigned char few[256];
    struct procspawn__message message;
    char reason[64];

    procspawn__message_init(&message);
    message.text.bytes = few;
    message.text.capacity = sizeof few;
    message.text.lent = true;
    message.failed = failed;
    message.times = reply->times;
    message.standing = procspawn__standing_results();
    int rc = procspawn__message_encode(&message, value);
    if (unsendable(rc)) {
        bool known = base__refusal_take(rc, reason, sizeof reason);
        procspawn__reply_failure(WIRE_FAILURE_JSON, 0, "%s %s%s%s", what, unsendable(rc),
                                 known ? ": " : "", known ? reason : "");
    } else {
        fflush(NULL);
        message.leaving = !stays();
        if (rc == 0)
            rc = procspawn__message_send(&message, reply->channel, WIRE_RESULT, reply->generation,
                                         false);
        if (rc < 0 && rc != -EPIPE)
            procspawn__reply_failure(WIRE_FAILURE_IO, -rc, "%s could not be sent", what);
    }
    procspawn__message_fini(&message);
}

void procspawn__reply_result(const json_t *result)
{
    if (result)
        send_value(result, false, "the result");
    else
        reply_nothing();
}

void procspawn__reply_reported(const struct procspawn__failure *failure)
{
    json_t *value = procspawn__failure_pack(failure);

    refusal[0] = '\0';
    if (value)
        send_value(value, true, "the detail of the failure");
    else
        procspawn__reply_failure(WIRE_FAILURE_IO, ENOMEM,
                                 "the function has failed, and there was no memory to say how");
    json_decref(value);
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
    if (procspawn__image.config.capture_backtraces)
        crash__raise();
    procspawn__reply.keep_alive = false;
    procspawn__reply.times.ended = base__now();
    procspawn__callee_finish();
    send_failure(WIRE_FAILURE_PANIC, 0, message, file, line, function);
    _exit(1);
}
