/*
 * forged_calls.c - writes a CALL by hand and sends it to a child
 */
#include "tests/support/forged_calls.h"

#include <unistd.h>

static void put_rights(struct wire_writer *block)
{
    for (int i = 0; i < 5; i++)
        wire__put_u64(block, ~UINT64_C(0));
    wire__put_u32(block, 0);
    wire__put_u32(block, 0);
}

static void put_schedule(struct wire_writer *block)
{
    wire__put_u32(block, 0);
    wire__put_u32(block, (uint32_t)-20);
    wire__put_u32(block, 0);
}

static void put_limits(struct wire_writer *block, const struct rlimit *files)
{
    wire__put_u32(block, 1);
    wire__put_u32(block, RLIMIT_NOFILE);
    wire__put_u64(block, files->rlim_cur);
    wire__put_u64(block, files->rlim_max);
}

static bool send_by_hand(const struct forgery *forgery, procspawn_function *function,
                         struct procspawn__remote_child *ret_child)
{
    struct procspawn__request request;

    procspawn__request_init(&request);
    request.call.flags = forgery->flags;
    if (forgery->flags & WIRE_CALL_RIGHTS)
        put_rights(&request.block);
    if (forgery->flags & WIRE_CALL_SCHEDULE)
        put_schedule(&request.block);
    if (forgery->flags & WIRE_CALL_LIMITS)
        put_limits(&request.block, forgery->files);
    bool sent = procspawn__request_function(&request, function) == 0 &&
                procspawn__request_argument(&request, NULL) == 0 &&
                procspawn__request_seal(&request) == 0 &&
                procspawn__client_take(INT64_MAX, ret_child) == 0 &&
                procspawn__request_send(&request, ret_child->channel) == 0;
    procspawn__request_fini(&request);
    return sent;
}

static json_t *receive(int channel)
{
    static unsigned char body[WIRE_MAX_BODY];
    struct wire_frame frame = { .body = body, .capacity = sizeof body };
    json_error_t error;

    while (wire__recv(channel, &frame, false) == 0) {
        wire__close_fds(&frame);
        if (frame.header.type == WIRE_FAILURE)
            return json_string((char *)body + sizeof(struct wire_failure) + sizeof(uint32_t));
        if (frame.header.type == WIRE_RESULT)
            return json_loadb((char *)body + sizeof(struct wire_value),
                              frame.header.length - sizeof(struct wire_value), JSON_DECODE_ANY,
                              &error);
    }
    return json_string("closed");
}

json_t *forgery_answer(const struct forgery *forgery, procspawn_function *function)
{
    struct procspawn__remote_child child;

    if (!send_by_hand(forgery, function, &child))
        return json_string("not sent");
    json_t *answer = receive(child.channel);
    close(child.channel);
    return answer;
}
