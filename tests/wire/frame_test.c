/*
 * frame_test.c - how frames are received: with any descriptors, and with or without room for them
 */
#include "src/base/closer.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { KERNEL_MAX_FDS = 253, PASS_PIDFD = 76 };

struct ends { int near, far; };

static struct ends open_ends(bool pass_sender)
{
    int pair[2];

    CU_ASSERT_FATAL(wire__pair(pair) == 0);
    if (pass_sender)
        CU_ASSERT_FATAL(wire__pass_sender(pair[0]) == 0);
    return (struct ends){ pair[0], pair[1] };
}

static void close_ends(struct ends ends)
{
    close(ends.near);
    close(ends.far);
}

/* Sends a datagram of these bytes, with `count` duplicates of a descriptor. */
static void send_bytes(int sock, const void *bytes, size_t length, int fd, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)bytes, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        *CMSG_FIRSTHDR(&message) = (struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET,
                                                     SCM_RIGHTS };
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)) + i * sizeof fd, &fd, sizeof fd);
    }
    CU_ASSERT_FATAL(sendmsg(sock, &message, MSG_NOSIGNAL) == (ssize_t)length);
}

/* Sends a frame without a body that announces `told` descriptors and brings `count`. */
static void send_frame(int sock, uint32_t told, int fd, size_t count)
{
    struct wire_header header = { .type = WIRE_VALUE, .fd_count = told };
    send_bytes(sock, &header, sizeof header, fd, count);
}

/* What is to be closed may be closed by another thread, which comes to it when it comes to it. */
static void check_descriptors(unsigned wanted)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;

    while (calls_descriptors() != wanted && calls_now() < deadline)
        base__close_settle();
    PROCSPAWN_CUNIT_EQUAL(calls_descriptors(), wanted);
}

static unsigned char body[64];

static int receive(int sock, struct wire_frame *frame)
{
    *frame = (struct wire_frame){ .body = body, .capacity = sizeof body };
    return wire__recv(sock, frame, true);
}

static int receive_shared(int sock, struct wire_frame *frame)
{
    *frame = (struct wire_frame){ .body = body, .capacity = sizeof body };
    return wire__recv_shared(sock, frame);
}

typedef int receiver(int sock, struct wire_frame *frame);
static receiver *const receivers[] = { receive, receive_shared };
enum { RECEIVERS = sizeof receivers / sizeof receivers[0] };

/* ---- the end, and what looks like it ---- */

static void an_empty_datagram_is_no_end(void)
{
    struct wire_frame frame;

    for (int i = 0; i < 2 * RECEIVERS; i++) {
        receiver *get = receivers[i / 2];
        struct ends ends = open_ends(i % 2);
        unsigned before = calls_descriptors();
        send_bytes(ends.far, "", 0, -1, 0);
        send_bytes(ends.far, "", 0, STDIN_FILENO, 3);
        send_frame(ends.far, 0, -1, 0);
        send_bytes(ends.far, "", 0, -1, 0);
        close(ends.far);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EPROTO);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EPROTO);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), 0);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EPROTO);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EPIPE);
        check_descriptors(before - 1);
        close(ends.near);
    }
}

static void an_empty_datagram_names_its_sender(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;

    send_bytes(ends.far, "", 0, -1, 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(frame.sender, getpid());
    close_ends(ends);
}

static void what_is_read_before_a_reset_says_so(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;

    send_frame(ends.near, 0, -1, 0);
    send_frame(ends.far, 0, -1, 0);
    close(ends.far);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), 0);
    CU_ASSERT(frame.was_reset);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPIPE);
    close(ends.near);
}

/* ---- any number of descriptors ---- */

/* While the thread that closes what is not wanted has much to do, a message may stay where it is. */
static int receive_in_time(receiver *get, int sock, struct wire_frame *frame)
{
    int rc;

    while ((rc = get(sock, frame)) == -EMFILE)
        base__close_settle();
    return rc;
}

static void only_as_many_descriptors_as_were_told_are_taken(void)
{
    struct wire_frame frame;

    for (int i = 0; i < 2 * RECEIVERS; i++) {
        struct ends ends = open_ends(i % 2);
        unsigned before = calls_descriptors();
        for (uint32_t count = 0; count <= KERNEL_MAX_FDS; count++) {
            send_frame(ends.far, count, STDIN_FILENO, count);
            int rc = receive_in_time(receivers[i / 2], ends.near, &frame);
            PROCSPAWN_CUNIT_EQUAL(rc, count <= WIRE_MAX_FDS ? 0 : -EPROTO);
            PROCSPAWN_CUNIT_EQUAL(frame.header.fd_count, rc == 0 ? count : 0);
            wire__close_fds(&frame);
            send_frame(ends.far, count + 1, STDIN_FILENO, count);
            PROCSPAWN_CUNIT_EQUAL(receive_in_time(receivers[i / 2], ends.near, &frame), -EPROTO);
        }
        check_descriptors(before);
        close_ends(ends);
    }
}

/* The far end asks for a descriptor of each sender: none of these stays here. */
static void what_nobody_here_asked_for_is_closed(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;
    int on = 1;

    if (setsockopt(ends.near, SOL_SOCKET, PASS_PIDFD, &on, sizeof on) == 0) {
        unsigned before = calls_descriptors();
        send_frame(ends.far, 2, STDIN_FILENO, 2);
        PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), 0);
        check_descriptors(before + 2);
        wire__close_fds(&frame);
        check_descriptors(before);
    }
    close_ends(ends);
}

static void descriptors_never_become_streams(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;
    struct stat stream;
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

    close(STDIN_FILENO);
    send_frame(ends.far, 1, STDOUT_FILENO, 1);
    int rc = receive(ends.near, &frame);
    CU_ASSERT(fstat(STDIN_FILENO, &stream) < 0);
    PROCSPAWN_CUNIT_EQUAL(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    CU_ASSERT(frame.fds[0] > STDERR_FILENO && fcntl(frame.fds[0], F_GETFD) == FD_CLOEXEC);
    wire__close_fds(&frame);
    base__close_settle();
    close(saved);
    close_ends(ends);
}

/* ---- no room ---- */

static void a_frame_without_room_stays_until_there_is_some(void)
{
    struct wire_frame frame;
    struct stat sent, came;

    fstat(STDIN_FILENO, &sent);
    for (int i = 0; i < 2 * RECEIVERS; i++) {
        receiver *get = receivers[i / 2];
        struct ends ends = open_ends(i % 2);
        struct room room;
        send_frame(ends.far, 3, STDIN_FILENO, 3);
        send_frame(ends.far, 0, -1, 0);
        room_fill(&room);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EMFILE);
        room_make(&room, 2);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), -EMFILE);
        room_make(&room, 1);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), 0);
        CU_ASSERT(frame.header.fd_count == 3 && fstat(frame.fds[2], &came) == 0 &&
                  came.st_ino == sent.st_ino);
        wire__close_fds(&frame);
        PROCSPAWN_CUNIT_EQUAL(get(ends.near, &frame), 0);
        base__close_settle();
        room_end(&room);
        close_ends(ends);
    }
}

static void a_frame_without_room_is_gone_when_nothing_waits_for_it(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame = { .body = body, .capacity = sizeof body, .lossy = true };
    struct room room;

    send_frame(ends.far, 3, STDIN_FILENO, 3);
    send_frame(ends.far, 0, -1, 0);
    room_fill(&room);
    room_make(&room, 2);
    PROCSPAWN_CUNIT_EQUAL(wire__recv(ends.near, &frame, true), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(frame.header.type, WIRE_VALUE);
    PROCSPAWN_CUNIT_EQUAL(wire__recv(ends.near, &frame, true), 0);
    int first = dup(STDIN_FILENO), second = dup(STDIN_FILENO);
    CU_ASSERT(first >= 0 && second >= 0);
    close(first);
    close(second);
    room_end(&room);
    close_ends(ends);
}

static int receive_at_once(int sock, struct wire_frame *frame)
{
    *frame = (struct wire_frame){ .body = body, .capacity = sizeof body, .trusted = true };
    return wire__recv_at_once(sock, frame);
}

/* Nothing of it stays open, and the next frame is received. */
static void a_frame_without_room_is_lost_to_a_receiver_in_one_step(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;
    struct room room;
    unsigned before = calls_descriptors();

    PROCSPAWN_CUNIT_EQUAL(receive_at_once(ends.near, &frame), -EAGAIN);
    send_frame(ends.far, 3, STDIN_FILENO, 3);
    send_frame(ends.far, 3, STDIN_FILENO, 3);
    send_frame(ends.far, 2, STDIN_FILENO, 1);
    close(ends.far);
    room_fill(&room);
    room_make(&room, 2);
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(ends.near, &frame), -EMFILE);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(ends.near, &frame), 0);
    PROCSPAWN_CUNIT_EQUAL(frame.header.fd_count, 3);
    wire__close_fds(&frame);
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(ends.near, &frame), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(ends.near, &frame), -EPIPE);
    check_descriptors(before - 1);
    close(ends.near);
}

/* Short ones are sent in another way than long ones. */
static void a_frame_of_several_parts_arrives_whole_whatever_its_length(void)
{
    enum { LONGEST = 700, HEAD = 5 };
    static unsigned char sent[LONGEST], got[LONGEST];
    struct ends ends = open_ends(true);

    for (size_t i = 0; i < LONGEST; i++)
        sent[i] = (unsigned char)(i * 7);
    for (size_t length = HEAD; length < LONGEST; length++) {
        struct wire_frame frame = { .body = got, .capacity = sizeof got };
        struct wire_part parts[] = { { sent, HEAD }, { NULL, 0 }, { sent + HEAD, length - HEAD } };
        PROCSPAWN_CUNIT_EQUAL(wire__send(ends.far, WIRE_VALUE, parts, 3, NULL, 0, true), 0);
        PROCSPAWN_CUNIT_EQUAL(wire__recv(ends.near, &frame, true), 0);
        PROCSPAWN_CUNIT_EQUAL(frame.header.length, length);
        PROCSPAWN_CUNIT_EQUAL(frame.sender, getpid());
        CU_ASSERT(memcmp(sent, got, length) == 0);
    }
    close_ends(ends);
}

static void a_wait_ends_with_a_frame_or_the_end_and_tells_of_a_reset(void)
{
    struct ends ends = open_ends(true);
    struct wire_frame frame;
    struct timeval limit;
    socklen_t length = sizeof limit;

    PROCSPAWN_CUNIT_EQUAL(wire__limit_waits(ends.near), 0);
    CU_ASSERT(getsockopt(ends.near, SOL_SOCKET, SO_RCVTIMEO, &limit, &length) == 0);
    CU_ASSERT(limit.tv_sec == 1 && limit.tv_usec == 0);
    send_frame(ends.far, 1, STDIN_FILENO, 1);
    PROCSPAWN_CUNIT_EQUAL(wire__wait(ends.near), 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), 0);
    PROCSPAWN_CUNIT_EQUAL(frame.header.fd_count, 1);
    wire__close_fds(&frame);
    send_frame(ends.near, 0, -1, 0);
    close(ends.far);
    PROCSPAWN_CUNIT_EQUAL(wire__wait(ends.near), -ECONNRESET);
    PROCSPAWN_CUNIT_EQUAL(wire__wait(ends.near), 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPIPE);
    CU_ASSERT(!frame.was_reset);
    close(ends.near);
}

/* A lie cannot keep the next frame back where there is room for all that may come. */
static void more_descriptors_than_a_frame_may_have_wait_for_no_room(void)
{
    for (uint32_t told = 0; told <= KERNEL_MAX_FDS; told += KERNEL_MAX_FDS) {
        struct ends ends = open_ends(true);
        struct wire_frame frame;
        struct room room;
        send_frame(ends.far, told, STDIN_FILENO, KERNEL_MAX_FDS);
        send_frame(ends.far, 0, -1, 0);
        room_fill(&room);
        room_make(&room, WIRE_MAX_FDS + 1);
        PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
        PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), 0);
        base__close_settle();
        room_end(&room);
        close_ends(ends);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_empty_datagram_is_no_end),
    TEST(an_empty_datagram_names_its_sender),
    TEST(what_is_read_before_a_reset_says_so),
    TEST(only_as_many_descriptors_as_were_told_are_taken),
    TEST(what_nobody_here_asked_for_is_closed),
    TEST(descriptors_never_become_streams),
    TEST(a_frame_without_room_stays_until_there_is_some),
    TEST(a_frame_without_room_is_gone_when_nothing_waits_for_it),
    TEST(a_frame_without_room_is_lost_to_a_receiver_in_one_step),
    TEST(more_descriptors_than_a_frame_may_have_wait_for_no_room),
    TEST(a_frame_of_several_parts_arrives_whole_whatever_its_length),
    TEST(a_wait_ends_with_a_frame_or_the_end_and_tells_of_a_reset),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "frame", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
