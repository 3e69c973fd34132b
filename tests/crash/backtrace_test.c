/*
 * backtrace_test.c - a backtrace to bytes and back: sizes, damaged bytes, names
 */
#include "src/crash/backtrace.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct backtrace trace, copy;
static unsigned char bytes[BACKTRACE_BYTES], changed[BACKTRACE_BYTES + 1];

static void add_frame(uint64_t ip, const char *symbol)
{
    struct backtrace_frame *frame = &trace.frame[trace.frame_count++];

    *frame = (struct backtrace_frame){
        .ip = ip, .offset = ip - 0x1000, .symbol_offset = 5, .found = BACKTRACE_CFI};
    frame->module = crash__backtrace_intern(&trace, "/usr/bin/program", 100);
    frame->symbol = crash__backtrace_intern(&trace, symbol, 100);
}

static void add_thread(int tid, uint32_t frames)
{
    struct backtrace_thread *thread = &trace.thread[trace.thread_count++];

    *thread = (struct backtrace_thread){.tid = tid, .first = trace.frame_count, .count = frames};
    thread->name = crash__backtrace_intern(&trace, "worker", 100);
    for (uint32_t i = 0; i < frames; i++)
        add_frame(0x401000 + i, i % 2 ? "middle" : "leaf");
}

static void make_report(void)
{
    crash__backtrace_init(&trace);
    trace.pid = 4711;
    trace.cause = BACKTRACE_CRASH;
    trace.signo = 11;
    trace.address = 0xdeadbeef;
    trace.error = -EPERM;
    trace.message = crash__backtrace_intern(&trace, "Assertion failed", 100);
    add_thread(4711, 3);
    add_thread(4712, 2);
}

static size_t encode(void)
{
    long size = crash__backtrace_encode(&trace, bytes, sizeof bytes);

    CU_ASSERT_TRUE_FATAL(size > 0);
    return (size_t)size;
}

static void a_report_comes_back_as_it_was(void)
{
    size_t size;

    make_report();
    size = encode();
    CU_ASSERT_EQUAL_FATAL(crash__backtrace_decode(bytes, size, &copy), 0);
    CU_ASSERT_EQUAL(copy.pid, 4711);
    CU_ASSERT_EQUAL(copy.error, -EPERM);
    CU_ASSERT_EQUAL(copy.address, 0xdeadbeef);
    CU_ASSERT_STRING_EQUAL(crash__backtrace_string(&copy, copy.message), "Assertion failed");
    CU_ASSERT_EQUAL(copy.thread_count, 2);
    CU_ASSERT_EQUAL(memcmp(copy.thread, trace.thread, 2 * sizeof *trace.thread), 0);
    CU_ASSERT_EQUAL(copy.frame_count, 5);
    CU_ASSERT_EQUAL(memcmp(copy.frame, trace.frame, 5 * sizeof *trace.frame), 0);
    CU_ASSERT_STRING_EQUAL(crash__backtrace_string(&copy, copy.frame[4].symbol), "middle");
}

static void the_largest_report_fits(void)
{
    size_t size;
    char name[32] = "name";

    make_report();
    while (trace.thread_count < BACKTRACE_THREADS - 1)
        add_thread((int)trace.thread_count, BACKTRACE_FRAMES_ALL / BACKTRACE_THREADS);
    for (int i = 0; crash__backtrace_intern(&trace, name, sizeof name); i++)
        snprintf(name, sizeof name, "name %d", i);
    size = encode();
    CU_ASSERT_EQUAL(crash__backtrace_decode(bytes, size, &copy), 0);
    CU_ASSERT_TRUE(copy.string_bytes > BACKTRACE_STRINGS - 32);
}

static void a_room_too_small_is_an_error(void)
{
    size_t size;

    make_report();
    size = encode();
    for (size_t room = 0; room < size; room++)
        CU_ASSERT_EQUAL(crash__backtrace_encode(&trace, changed, room), -ENOBUFS);
    CU_ASSERT_EQUAL(crash__backtrace_encode(&trace, changed, size), (long)size);
}

static void every_cut_report_is_refused(void)
{
    size_t size;

    make_report();
    size = encode();
    for (size_t shorter = 0; shorter < size; shorter++)
        CU_ASSERT_EQUAL(crash__backtrace_decode(bytes, shorter, &copy), -EBADMSG);
    memcpy(changed, bytes, size);
    changed[size] = 0;
    CU_ASSERT_EQUAL(crash__backtrace_decode(changed, size + 1, &copy), -EBADMSG);
}

static bool is_string(const struct backtrace *report, uint32_t position)
{
    return position < report->string_bytes &&
           memchr(report->strings + position, 0, report->string_bytes - position) != NULL;
}

static bool is_in_range(const struct backtrace *report)
{
    bool good = report->cause < BACKTRACE_CAUSES && is_string(report, report->message) &&
                report->thread_count <= BACKTRACE_THREADS &&
                report->frame_count <= BACKTRACE_FRAMES_ALL;

    for (uint32_t i = 0; good && i < report->thread_count; i++)
        good = is_string(report, report->thread[i].name) &&
               report->thread[i].count <= BACKTRACE_FRAMES + BACKTRACE_INLINED &&
               (uint64_t)report->thread[i].first + report->thread[i].count <= report->frame_count;
    for (uint32_t i = 0; good && i < report->frame_count; i++)
        good = is_string(report, report->frame[i].module) &&
               is_string(report, report->frame[i].symbol) &&
               report->frame[i].found < BACKTRACE_FOUNDS;
    return good;
}

static void try_changed(size_t size, int *accepted, int *refused)
{
    if (crash__backtrace_decode(changed, size, &copy) != 0) {
        ++*refused;
        return;
    }
    ++*accepted;
    CU_ASSERT_TRUE(is_in_range(&copy));
}

static void no_changed_byte_gets_out_of_range(void)
{
    static const unsigned char masks[] = {0x01, 0x10, 0x80, 0xff};
    int accepted = 0, refused = 0;
    size_t size;

    make_report();
    size = encode();
    for (size_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof masks; i++) {
            memcpy(changed, bytes, size);
            changed[at] ^= masks[i];
            try_changed(size, &accepted, &refused);
        }
    CU_ASSERT_TRUE(accepted > 0);
    CU_ASSERT_TRUE(refused > 0);
}

static void several_changed_bytes_do_not_either(void)
{
    int accepted = 0, refused = 0;
    size_t size;

    make_report();
    size = encode();
    srand(1);
    for (int round = 0; round < 20000; round++) {
        memcpy(changed, bytes, size);
        for (int i = 0; i < 3; i++)
            changed[(size_t)rand() % size] = (unsigned char)rand();
        try_changed(size, &accepted, &refused);
    }
    CU_ASSERT_EQUAL(accepted + refused, 20000);
    CU_ASSERT_TRUE(refused > 0);
}

static void equal_names_share_a_place(void)
{
    uint32_t first, second;

    crash__backtrace_init(&trace);
    first = crash__backtrace_intern(&trace, "name", 100);
    second = crash__backtrace_intern(&trace, "named", 4);
    CU_ASSERT_TRUE(first > 0);
    CU_ASSERT_EQUAL(first, second);
    CU_ASSERT_NOT_EQUAL(crash__backtrace_intern(&trace, "named", 100), first);
    CU_ASSERT_EQUAL(crash__backtrace_intern(&trace, "", 100), 0);
}

static void unprintable_bytes_do_not_travel(void)
{
    uint32_t at;

    crash__backtrace_init(&trace);
    at = crash__backtrace_intern(&trace, "a\033[2Jb\n\177", 100);
    CU_ASSERT_STRING_EQUAL(crash__backtrace_string(&trace, at), "a?[2Jb??");
    CU_ASSERT_EQUAL(crash__backtrace_intern(&trace, "a\033[2Jb\n\177", 100), at);
}

#define TEST(function) {#function, function}

static CU_TestInfo tests[] = {
    TEST(a_report_comes_back_as_it_was),
    TEST(the_largest_report_fits),
    TEST(a_room_too_small_is_an_error),
    TEST(every_cut_report_is_refused),
    TEST(no_changed_byte_gets_out_of_range),
    TEST(several_changed_bytes_do_not_either),
    TEST(equal_names_share_a_place),
    TEST(unprintable_bytes_do_not_travel),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {{.pName = "backtrace", .pTests = tests}, CU_SUITE_INFO_NULL};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
