/*
 * stack_overflow_test.c - which crashes count as the overflow of a stack
 */
#include "src/crash/stack_overflow.h"

#include <forkscope/cunit.h>
#include <signal.h>

enum { CODE = 0x400000, DATA = 0x600000, STACK = 0x70000000, STACK_END = 0x71000000, MIB = 1 << 20 };

static struct mapping mapped[] = {
    { .start = CODE, .end = CODE + 0x1000, .readable = true, .executable = true, .path = "" },
    { .start = DATA, .end = DATA + 0x1000, .readable = true, .writable = true, .path = "" },
    { .start = STACK, .end = STACK_END, .readable = true, .writable = true, .path = "" },
};

static const struct mappings mappings = { .mapping = mapped, .count = 3 };

static struct crash_record crash_at(uint64_t address, uint64_t sp)
{
    struct crash_record record = { .signo = SIGSEGV, .code = SEGV_MAPERR, .address = address };

    record.registers.value[MACHINE_SP] = sp;
    return record;
}

static bool is_overflow(struct crash_record record)
{
    return crash__is_stack_overflow(&mappings, &record);
}

static void an_access_below_a_full_stack_is_one(void)
{
    CU_ASSERT(is_overflow(crash_at(STACK - 8, STACK)));
    CU_ASSERT(is_overflow(crash_at(STACK - 8, STACK - 8)));
    CU_ASSERT(is_overflow(crash_at(STACK - MIB, STACK - MIB)));
    CU_ASSERT(is_overflow(crash_at(STACK - 8, STACK + MIB - 8)));
}

static void an_access_elsewhere_is_none(void)
{
    CU_ASSERT(!is_overflow(crash_at(0, STACK)));
    CU_ASSERT(!is_overflow(crash_at(CODE, STACK)));
    CU_ASSERT(!is_overflow(crash_at(STACK - MIB - 1, STACK)));
    CU_ASSERT(!is_overflow(crash_at(STACK_END, STACK)));
    CU_ASSERT(!is_overflow(crash_at(UINT64_MAX, STACK)));
}

static void an_access_to_the_stack_or_to_data_is_none(void)
{
    CU_ASSERT(!is_overflow(crash_at(STACK, STACK)));
    CU_ASSERT(!is_overflow(crash_at(STACK + 64, STACK)));
    CU_ASSERT(!is_overflow(crash_at(DATA, STACK)));
}

static void with_room_on_the_stack_it_is_none(void)
{
    CU_ASSERT(!is_overflow(crash_at(STACK - 8, STACK + MIB + 1)));
    CU_ASSERT(!is_overflow(crash_at(STACK - 8, STACK_END - 8)));
}

static void an_access_far_below_sp_is_none(void)
{
    CU_ASSERT(!is_overflow(crash_at(STACK - MIB, STACK + 8)));
}

/* Below the main thread's stack nothing else lies for a long way. */
static void a_large_frame_overflows_the_stack_of_the_main_thread(void)
{
    static struct mapping main_stack = {
        .start = STACK, .end = STACK_END, .readable = true, .writable = true, .path = "[stack]" };
    const struct mappings one = { .mapping = &main_stack, .count = 1 };
    struct crash_record large = crash_at(STACK - 20 * MIB + 99, STACK - 20 * MIB);
    struct crash_record other = crash_at(STACK - 20 * MIB, STACK - 8);
    struct crash_record far = crash_at(STACK - 129 * MIB, STACK - 129 * MIB);

    CU_ASSERT(crash__is_stack_overflow(&one, &large));
    CU_ASSERT(!crash__is_stack_overflow(&one, &other));
    CU_ASSERT(!crash__is_stack_overflow(&one, &far));
    CU_ASSERT(!is_overflow(large));
}

static void a_signal_that_was_sent_is_none(void)
{
    struct crash_record sent = crash_at(STACK - 8, STACK), other = sent;

    sent.code = SI_USER;
    CU_ASSERT(!is_overflow(sent));
    other.signo = SIGBUS;
    CU_ASSERT(!is_overflow(other));
}

static void without_a_stack_it_is_none(void)
{
    const struct mappings none = { .count = 0 };
    struct crash_record record = crash_at(STACK - 8, STACK);

    CU_ASSERT(!crash__is_stack_overflow(&none, &record));
    CU_ASSERT(!is_overflow(crash_at(STACK_END, STACK_END)));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_access_below_a_full_stack_is_one),
    TEST(an_access_elsewhere_is_none),
    TEST(an_access_to_the_stack_or_to_data_is_none),
    TEST(with_room_on_the_stack_it_is_none),
    TEST(an_access_far_below_sp_is_none),
    TEST(a_large_frame_overflows_the_stack_of_the_main_thread),
    TEST(a_signal_that_was_sent_is_none),
    TEST(without_a_stack_it_is_none),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "stack_overflow", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
