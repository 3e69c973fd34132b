/*
 * request_test.c - requests as they are written and sent; no process is started
 */
#include "src/call/request.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/bytes.h>
#include <forkscope/cunit.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the other end received. */
struct received {
    struct wire_frame frame;
    struct wire_call call;
    const char *rest;           /* block and text */
    char body[WIRE_MAX_BODY];
};

static struct received received;
static int ends[2];

static void make_request(struct procspawn__request *request, json_t *argument)
{
    CU_ASSERT_FATAL(wire__pair(ends) == 0);
    procspawn__request_init(request);
    wire__put_string(&request->block, "in the block");
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_argument(request, argument), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_seal(request), 0);
    json_decref(argument);
}

static void send_request(const struct procspawn__request *request)
{
    received.frame = (struct wire_frame){ .body = received.body,
                                          .capacity = sizeof received.body };
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_send(request, ends[0]), 0);
    CU_ASSERT_FATAL(wire__recv(ends[1], &received.frame, true) == 0);
    CU_ASSERT_EQUAL(received.frame.header.type, WIRE_CALL);
    CU_ASSERT_FATAL(received.frame.header.length >= sizeof received.call);
    memcpy(&received.call, received.body, sizeof received.call);
    received.rest = received.body + sizeof received.call;
}

static void end_request(struct procspawn__request *request)
{
    procspawn__request_fini(request);
    close(ends[0]);
    close(ends[1]);
}

static void check_parts(const char *rest, const char *text)
{
    struct wire_reader block = { .bytes = (const unsigned char *)rest,
                                 .length = received.call.block_length };

    CU_ASSERT_STRING_EQUAL(wire__get_string(&block), "in the block");
    CU_ASSERT_EQUAL(block.at, block.length);
    CU_ASSERT_EQUAL(received.call.text_length, strlen(text));
    CU_ASSERT_EQUAL(memcmp(rest + received.call.block_length, text, strlen(text)), 0);
}

static bool is_same_file(int a, int b)
{
    struct stat first, second;

    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static void a_request_is_its_head_its_block_and_its_text(void)
{
    struct procspawn__request request;

    make_request(&request, json_pack("[ii]", 1, 2));
    send_request(&request);
    CU_ASSERT_EQUAL(received.call.flags, 0);
    CU_ASSERT_EQUAL(received.frame.header.length,
                    sizeof received.call + received.call.block_length + received.call.text_length);
    check_parts(received.rest, "[1,2]");
    CU_ASSERT_EQUAL(received.frame.header.fd_count, 0);
    end_request(&request);
}

static void no_argument_is_null(void)
{
    struct procspawn__request request;

    make_request(&request, NULL);
    send_request(&request);
    check_parts(received.rest, "null");
    end_request(&request);
}

static void a_request_can_be_sent_again(void)
{
    struct procspawn__request request;

    make_request(&request, json_string("again"));
    for (uint64_t generation = 1; generation <= 3; generation++) {
        request.call.generation = generation;
        send_request(&request);
        CU_ASSERT_EQUAL(received.call.generation, generation);
        check_parts(received.rest, "\"again\"");
    }
    end_request(&request);
}

static void a_long_request_goes_into_memory_and_can_be_sent_again(void)
{
    static char text[WIRE_MAX_BODY + 3], rest[2 * WIRE_MAX_BODY];
    struct procspawn__request request;

    json_t *many = json_array();

    for (size_t at = 0; at + 4 < sizeof text; at += 2) {
        memcpy(text + at, at > 0 ? ",1" : "[1", 2);
        json_array_append_new(many, json_integer(1));
    }
    strcat(text, "]");
    make_request(&request, many);
    for (int i = 0; i < 2; i++) {
        send_request(&request);
        CU_ASSERT_EQUAL(received.call.flags, WIRE_CALL_FD_MEMORY);
        CU_ASSERT_EQUAL(received.frame.header.length, sizeof received.call);
        CU_ASSERT_EQUAL_FATAL(received.frame.header.fd_count, 1);
        CU_ASSERT(pread(received.frame.fds[0], rest, sizeof rest, 0) ==
                  (ssize_t)(received.call.block_length + received.call.text_length));
        check_parts(rest, text);
        wire__close_fds(&received.frame);
    }
    end_request(&request);
}

/* The argument may be freed and changed once the request is made. */
static void bytes_follow_the_text(void)
{
    static const size_t sizes[] = { 3, 5000, 2 * WIRE_MAX_BODY };
    static char bytes[2 * WIRE_MAX_BODY], rest[3 * WIRE_MAX_BODY];
    static const char text[] = "\"\\u0001forkscope:bytes:0\"";
    struct procspawn__request request;

    memset(bytes, '\xff', sizeof bytes);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make_request(&request, procspawn_value_bytes(bytes, sizes[i]));
        send_request(&request);
        memcpy(rest, received.rest, received.frame.header.length - sizeof received.call);
        if (received.call.flags & WIRE_CALL_FD_MEMORY)
            CU_ASSERT(pread(received.frame.fds[0], rest, sizeof rest, 0) > 0);
        check_parts(rest, text);
        const char *behind = rest + received.call.block_length + received.call.text_length;
        CU_ASSERT_EQUAL(received.call.attached_count, 1);
        CU_ASSERT_EQUAL(received.call.attached_length, sizeof(uint64_t) + sizes[i]);
        CU_ASSERT_EQUAL(memcmp(behind, &(uint64_t){ sizes[i] }, sizeof(uint64_t)), 0);
        CU_ASSERT_EQUAL(memcmp(behind + sizeof(uint64_t), bytes, sizes[i]), 0);
        wire__close_fds(&received.frame);
        end_request(&request);
    }
}

static void descriptors_come_in_the_order_of_their_flags(void)
{
    struct procspawn__request request;
    int pipe_ends[2];

    CU_ASSERT_FATAL(pipe2(pipe_ends, O_CLOEXEC) == 0);
    make_request(&request, procspawn_value_fd(pipe_ends[0]));
    request.cwd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    request.stdio[1] = pipe_ends[1];
    send_request(&request);
    CU_ASSERT_EQUAL_FATAL(received.frame.header.fd_count, 3);
    CU_ASSERT(is_same_file(received.frame.fds[0], request.cwd));
    CU_ASSERT(is_same_file(received.frame.fds[1], pipe_ends[1]));
    CU_ASSERT(is_same_file(received.frame.fds[2], pipe_ends[0]));
    CU_ASSERT(received.call.flags & WIRE_CALL_RESERVED_KEYS);
    wire__close_fds(&received.frame);
    end_request(&request);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void a_request_whose_descriptor_the_program_closed_is_not_sent(void)
{
    struct procspawn__request request;
    int pipe_ends[2];

    CU_ASSERT_FATAL(pipe2(pipe_ends, O_CLOEXEC) == 0);
    make_request(&request, procspawn_value_fd(pipe_ends[0]));
    CU_ASSERT_EQUAL_FATAL(request.message.fd_count, 1);
    close(request.message.fds[0]);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_send(&request, ends[0]), -EBADF);
    end_request(&request);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void nobody_receives_a_request_for_a_dead_child(void)
{
    struct procspawn__request request;

    make_request(&request, NULL);
    close(ends[1]);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_send(&request, ends[0]), -EPIPE);
    ends[1] = -1;
    end_request(&request);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_request_is_its_head_its_block_and_its_text),
    TEST(no_argument_is_null),
    TEST(a_request_can_be_sent_again),
    TEST(a_long_request_goes_into_memory_and_can_be_sent_again),
    TEST(bytes_follow_the_text),
    TEST(descriptors_come_in_the_order_of_their_flags),
    TEST(a_request_whose_descriptor_the_program_closed_is_not_sent),
    TEST(nobody_receives_a_request_for_a_dead_child),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "requests", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
