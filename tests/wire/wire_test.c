/*
 * wire_test.c - values and frames: bytes that break the rules of the wire
 */
#include "src/base/closer.h"
#include "src/error/error.h"
#include "src/wire/board.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- codec ---- */

static void values_are_read_as_they_were_written(void)
{
    struct wire_writer w = { .grows = true };
    static const char long_text[3000] = { [0] = 'l' };

    wire__put_u32(&w, 7);
    wire__put_string(&w, "text");
    wire__put_string(&w, "");
    wire__put_string(&w, NULL);
    wire__put_u64(&w, UINT64_MAX);
    wire__put_bytes(&w, long_text, sizeof long_text);
    wire__put_string_cut(&w, "abcdef", 3);
    CU_ASSERT(!w.overflow);
    struct wire_reader r = { .bytes = w.bytes, .length = w.length };
    PROCSPAWN_CUNIT_EQUAL(wire__get_u32(&r), 7);
    CU_ASSERT_STRING_EQUAL(wire__get_string(&r), "text");
    CU_ASSERT_STRING_EQUAL(wire__get_string(&r), "");
    CU_ASSERT(wire__get_string(&r) == NULL);
    CU_ASSERT(wire__get_u64(&r) == UINT64_MAX);
    CU_ASSERT(memcmp(wire__get_block(&r, sizeof long_text), long_text, sizeof long_text) == 0);
    CU_ASSERT_STRING_EQUAL(wire__get_string(&r), "abc");
    CU_ASSERT(!r.broken && r.at == r.length);
    free(w.bytes);
}

static void a_full_writer_says_so(void)
{
    unsigned char room[10];
    struct wire_writer w = { .bytes = room, .capacity = sizeof room };

    wire__put_u64(&w, 1);
    CU_ASSERT(!w.overflow);
    wire__put_u32(&w, 1);
    CU_ASSERT(w.overflow && w.length == 8);
    wire__put_bytes(&w, "a", 1);
    CU_ASSERT(w.overflow && w.length == 8);
}

/* Reads every prefix of a message, from memory that ends where the prefix does. */
static void no_prefix_is_read_beyond_its_end(void)
{
    struct wire_writer w = { .grows = true };

    wire__put_string(&w, "text");
    wire__put_u64(&w, 5);
    wire__put_string(&w, "more");
    for (size_t length = 0; length < w.length; length++) {
        unsigned char *copy = malloc(length ? length : 1);
        memcpy(copy, w.bytes, length);
        struct wire_reader r = { .bytes = copy, .length = length };
        wire__get_string(&r);
        wire__get_u64(&r);
        CU_ASSERT(wire__get_string(&r) == NULL);
        CU_ASSERT(r.broken);
        PROCSPAWN_CUNIT_EQUAL(wire__get_u32(&r), 0);
        free(copy);
    }
    free(w.bytes);
}

static void random_bytes_are_no_harm(void)
{
    enum { ROUNDS = 20000, BYTES = 64 };
    unsigned char bytes[BYTES];
    unsigned errors = 0;

    srandom(1);
    for (int i = 0; i < ROUNDS; i++) {
        for (int n = 0; n < BYTES; n++)
            bytes[n] = (unsigned char)(random() % (n % 4 ? 3 : 256));
        struct wire_reader r = { .bytes = bytes, .length = (size_t)random() % BYTES };
        const char *text = wire__get_string(&r);
        CU_ASSERT(!text || strlen(text) < BYTES);
        procspawn_error *error = procspawn__error_from_failure(bytes, (size_t)random() % BYTES);
        errors += error != NULL;
        procspawn_error_free(error);
    }
    PROCSPAWN_CUNIT_EQUAL(errors, ROUNDS);
}

/* ---- frames ---- */

struct ends { int near, far; };

static struct ends open_ends(void)
{
    int pair[2];

    CU_ASSERT_FATAL(wire__pair(pair) == 0);
    return (struct ends){ pair[0], pair[1] };
}

static void close_ends(struct ends ends)
{
    close(ends.near);
    close(ends.far);
}

static int receive(int fd, struct wire_frame *frame)
{
    static unsigned char body[256];

    *frame = (struct wire_frame){ .body = body, .capacity = sizeof body };
    return wire__recv(fd, frame, true);
}

static void frames_that_break_the_rules_are_refused(void)
{
    static const char text[300];
    struct ends ends = open_ends();
    struct wire_frame frame;

    CU_ASSERT(send(ends.far, "x", 1, 0) == 1);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 0, 5 }, text, 4, -1, 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 0, 300 }, text, 300, -1, 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 0, UINT64_MAX }, text, 4, -1, 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 1, 4 }, text, 4, -1, 0);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EAGAIN);
    close(ends.far);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPIPE);
    close(ends.near);
}

static void descriptors_of_refused_frames_are_closed(void)
{
    struct ends ends = open_ends();
    struct wire_frame frame;
    unsigned before = calls_descriptors();

    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 0, 0 }, "", 0, STDIN_FILENO, 3);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), -EPROTO);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 100, 0 }, "", 0, STDIN_FILENO, 100);
    CU_ASSERT(receive(ends.near, &frame) < 0);
    raw_send(ends.far, &(struct wire_header){ WIRE_OFFER, 64, 0 }, "", 0, STDIN_FILENO, 64);
    PROCSPAWN_CUNIT_EQUAL(receive(ends.near, &frame), 0);
    wire__close_fds(&frame);
    base__close_settle();
    PROCSPAWN_CUNIT_EQUAL(calls_descriptors(), before);
    close_ends(ends);
}

static void too_much_is_not_sent(void)
{
    static char text[WIRE_MAX_BODY + 1];
    struct wire_part part = { text, sizeof text };
    struct ends ends = open_ends();
    int fds[WIRE_MAX_FDS + 1] = { 0 };

    PROCSPAWN_CUNIT_EQUAL(wire__send(ends.near, WIRE_CALL, &part, 1, NULL, 0, true), -EMSGSIZE);
    part.length--;
    PROCSPAWN_CUNIT_EQUAL(wire__send(ends.near, WIRE_CALL, &part, 1, NULL, 0, true), 0);
    PROCSPAWN_CUNIT_EQUAL(wire__send(ends.near, WIRE_CALL, &part, 1, fds, WIRE_MAX_FDS + 1, true),
                          -EMSGSIZE);
    close_ends(ends);
}

static void memory_is_taken_sealed_and_of_its_length_only(void)
{
    const unsigned char *bytes = NULL;
    struct wire_part part = { "text", 4 };
    int sealed = wire__memfd_new(&part, 1);
    int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    CU_ASSERT(write(unsealed, "text", 4) == 4);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(unsealed, 4, &bytes), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(file, (size_t)lseek(file, 0, SEEK_END), &bytes), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(-1, 4, &bytes), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(sealed, 3, &bytes), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(sealed, 5, &bytes), -EPROTO);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(sealed, 0, &bytes), -EPROTO);
    CU_ASSERT(!bytes);
    PROCSPAWN_CUNIT_EQUAL(wire__memfd_map(sealed, 4, &bytes), 0);
    CU_ASSERT(memcmp(bytes, "text", 4) == 0);
    munmap((void *)(uintptr_t)bytes, 4);
    close(sealed);
    close(unsealed);
    close(file);
}

/* ---- board ---- */

static void a_mark_that_comes_late_takes_no_other_ones_place(void)
{
    const struct wire_token earlier = { .word = { 5, 6 } }, later = { .word = { 7, 8 } };
    struct wire_mark mark = { .token = 0 };

    wire__board_expect(&mark, &earlier);
    PROCSPAWN_CUNIT_EQUAL(wire__board_answered(&mark, &earlier), 0);
    wire__board_mark(&mark, &earlier, 100);
    PROCSPAWN_CUNIT_EQUAL(wire__board_answered(&mark, &earlier), 100);
    wire__board_expect(&mark, &later);
    PROCSPAWN_CUNIT_EQUAL(wire__board_answered(&mark, &later), 0);
    wire__board_mark(&mark, &later, 200);
    wire__board_mark(&mark, &earlier, 300);
    PROCSPAWN_CUNIT_EQUAL(wire__board_answered(&mark, &later), 200);
}

#define TEST(name) { #name, name }

static CU_TestInfo codec_tests[] = {
    TEST(values_are_read_as_they_were_written),
    TEST(a_full_writer_says_so),
    TEST(no_prefix_is_read_beyond_its_end),
    TEST(random_bytes_are_no_harm),
    TEST(frames_that_break_the_rules_are_refused),
    TEST(descriptors_of_refused_frames_are_closed),
    TEST(too_much_is_not_sent),
    TEST(memory_is_taken_sealed_and_of_its_length_only),
    TEST(a_mark_that_comes_late_takes_no_other_ones_place),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "wire", .pTests = codec_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
