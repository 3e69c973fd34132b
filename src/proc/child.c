/*
 * child.c - what a child does: it waits for its call, becomes what the call asks for, calls the
 * function, answers, and leaves by _exit
 */
#include "src/proc/internal.h"

#include "forkserver/crash.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, PATH_LIMIT = 4096 };

static struct forkserver_child self;

/* ---- answers ---- */

static void send_failure(enum wire_failure_kind kind, int error, const char *message,
                         const char *file, int line, const char *function)
{
    struct wire_failure head = { .kind = kind, .error = error, .line = line };
    unsigned char strings[MESSAGE_MAX + 2 * PATH_LIMIT + 64];
    struct wire_writer w = { .bytes = strings, .capacity = sizeof strings };

    wire__put_string_cut(&w, message, MESSAGE_MAX);
    wire__put_string_cut(&w, file, PATH_LIMIT);
    wire__put_string_cut(&w, function, PATH_LIMIT);
    struct wire_part parts[] = { { &head, sizeof head }, { strings, w.length } };
    fflush(NULL);
    wire__send(self.channel, WIRE_FAILURE, parts, 2, NULL, 0, false);
}

static void __attribute__((noreturn)) fail(enum wire_failure_kind kind, int error,
                                           const char *message)
{
    send_failure(kind, error, message, NULL, 0, NULL);
    _exit(1);
}

static void __attribute__((noreturn)) fail_setup(int error, const char *what)
{
    char message[MESSAGE_MAX];

    snprintf(message, sizeof message, "%s: %s", what, strerror(error));
    fail(WIRE_FAILURE_SETUP, error, message);
}

static int send_result(const struct wire_writer *text)
{
    struct wire_part whole = { text->bytes, text->length };
    struct wire_result head = { .length = text->length };
    struct wire_part parts[] = { { &head, sizeof head }, whole };

    if (sizeof head + text->length <= WIRE_MAX_BODY)
        return wire__send(self.channel, WIRE_RESULT, parts, 2, NULL, 0, false);
    int memfd = wire__memfd_new(&whole, 1);
    if (memfd < 0)
        return memfd;
    head.in_memfd = 1;
    int rc = wire__send(self.channel, WIRE_RESULT, parts, 1, &memfd, 1, false);
    close(memfd);
    return rc;
}

static void answer(json_t *result)
{
    struct wire_writer text = { .grows = true };

    if (!result)
        fail(WIRE_FAILURE_PANIC, 0, "the function returned NULL");
    int rc = procspawn__value_encode(result, &text);
    if (rc == PROCSPAWN_EJSON)
        fail(WIRE_FAILURE_JSON, 0, "the result cannot be encoded as JSON");
    fflush(NULL);
    if (rc == 0)
        rc = send_result(&text);
    if (rc < 0 && rc != -EPIPE)
        fail(WIRE_FAILURE_IO, -rc, "the result could not be sent");
}

/* exit() ends a child at once: what the host registered with atexit() is the host's. */
static void on_exit_called(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    _exit(status);
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
    send_failure(WIRE_FAILURE_PANIC, 0, message, file, line, function);
    _exit(1);
}

/* ---- the call ---- */

/* A call as received: where its block and its text lie. */
struct order {
    struct wire_call call;
    struct wire_reader block;
    const unsigned char *text;
};

/* Both parts lie behind the structure, or together in a memfd. The lengths are the spawner's word. */
static int read_order(struct wire_frame *frame, struct order *ret_order)
{
    const unsigned char *parts = (const unsigned char *)frame->body + sizeof ret_order->call;
    struct wire_call *call = &ret_order->call;

    if (frame->header.type != WIRE_CALL || frame->header.length < sizeof *call)
        return -EPROTO;
    memcpy(call, frame->body, sizeof *call);
    uint64_t inside = frame->header.length - sizeof *call;
    if (call->block_length > SIZE_MAX / 4 || call->text_length > SIZE_MAX / 4)
        return -EPROTO;
    uint64_t length = call->block_length + call->text_length;
    if (call->flags & WIRE_CALL_FD_MEMORY) {
        int memfd = wire__take_fd(frame, 0);
        int rc = wire__memfd_map(memfd, length, &parts);
        close(memfd);
        if (rc < 0)
            return rc;
    } else if (length != inside) {
        return -EPROTO;
    }
    ret_order->block = (struct wire_reader){ .bytes = parts, .length = call->block_length };
    ret_order->text = parts + call->block_length;
    return 0;
}

static json_t *decode_argument(const struct order *order)
{
    char message[MESSAGE_MAX];
    json_error_t error;
    json_t *argument = procspawn__value_decode(order->text, order->call.text_length, &error);

    if (argument)
        return argument;
    snprintf(message, sizeof message, "the argument cannot be decoded: %s", error.text);
    fail(WIRE_FAILURE_JSON, 0, message);
}

static procspawn_function *prepare(struct order *order, struct wire_frame *frame)
{
    const struct procspawn_config *config = &procspawn__image.config;
    const char *what = "";
    const char *library = NULL;
    const char *reason = "";

    int rc = procspawn__setup(&order->call, &order->block, frame, self.server, &library, &what);
    if (rc < 0)
        fail_setup(-rc, what);
    wire__close_fds(frame);
    procspawn_function *function =
        procspawn__function_resolve(&order->call.function, library, &reason);
    if (!function)
        fail(WIRE_FAILURE_SETUP, 0, reason);
    if (config->callback)
        config->callback(config->callback_argument);
    return function;
}

static void become_child(void)
{
    procspawn__image.is_child = true;
    procspawn__image.owner = getpid();
    procspawn__image.root_pidfd = -1;
    on_exit(on_exit_called, NULL);
    procspawn__client_adopt(self.link, self.server);
}

static json_t *warm_up_target(json_t *argument)
{
    return argument;
}

/*
 * Goes through the motions of a call with a value of its own. A server does it once: symbols are bound
 * then, and memory is set up, for all children to come. A spare does it before anybody waits for it: the
 * first write to a page costs a copy, some microseconds each.
 */
void procspawn__child_warm_up(void)
{
    struct wire_writer text = { .grows = true };
    struct wire_function function;
    const char *unused;
    json_t *value = procspawn__value_decode("[null]", 6, &(json_error_t){ 0 });

    procspawn__value_encode(value, &text);
    free(text.bytes);
    json_decref(value);
    if (procspawn__function_describe(warm_up_target, &function, &unused) == 0)
        procspawn__function_resolve(&function, NULL, &unused);
    fflush(NULL);
}

void procspawn__child_enter(const struct forkserver_child *child)
{
    static unsigned char body[WIRE_MAX_BODY];
    static struct wire_frame frame;
    struct order order;

    self = *child;
    frame = (struct wire_frame){ .body = body, .capacity = sizeof body };
    become_child();
    procspawn__child_warm_up();
    int rc = wire__recv(self.channel, &frame, false);
    if (rc == -EPIPE)
        _exit(0);
    if (rc == 0)
        rc = read_order(&frame, &order);
    if (rc < 0)
        fail_setup(-rc, "receiving the call");
    procspawn_function *function = prepare(&order, &frame);
    json_t *argument = decode_argument(&order);
    answer(function(argument));
    _exit(0);
}
