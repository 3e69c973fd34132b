/*
 * fault_test.c - what signal, code, address and mappings are called
 */
#include "src/crash/fault.h"

#include <forkscope/cunit.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

enum { CODE = 0x400000, DATA = 0x600000, HEAP = 0x800000, GUARD = 0x7000000, PAGE = 0x1000 };

static struct mapping mapped[] = {
    {.start = CODE, .end = CODE + PAGE, .readable = true, .executable = true,
     .path = "/usr/bin/program", .inode = 7},
    {.start = DATA, .end = DATA + PAGE, .readable = true, .writable = true,
     .path = "/var/file", .inode = 8},
    {.start = HEAP, .end = HEAP + PAGE, .readable = true, .writable = true, .path = "[heap]"},
    {.start = GUARD, .end = GUARD + PAGE, .path = ""},
    {.start = GUARD + PAGE, .end = GUARD + 4 * PAGE, .readable = true, .writable = true,
     .path = ""},
};

static const struct mappings mappings = {.mapping = mapped, .count = 5};

static const char *text_of(const struct crash_record *record)
{
    static char text[FAULT_TEXT];

    crash__fault_text(record, &mappings, text);
    return text;
}

static const char *access_text(enum crash_access access, int code, uint64_t address)
{
    struct crash_record record = {.signo = SIGSEGV, .code = code, .access = access,
                                  .address = address};

    record.registers.value[MACHINE_PC] = access == CRASH_EXECUTE ? address : CODE;
    record.registers.value[MACHINE_SP] = HEAP + 8;
    return text_of(&record);
}

static const char *signal_text(int signo, int code, int number)
{
    const struct crash_record record = {.signo = signo, .code = code, .pid = 100,
                                        .number = number, .address = DATA + PAGE / 2,
                                        .access = CRASH_READ};

    return text_of(&record);
}

#define SAYS(text, wanted) CU_ASSERT_STRING_EQUAL(text, wanted)

static void a_null_pointer_is_told_with_the_member(void)
{
    SAYS(access_text(CRASH_WRITE, SEGV_MAPERR, 0), "write to 0x0: null pointer");
    SAYS(access_text(CRASH_READ, SEGV_MAPERR, 16),
         "read of 0x10: null pointer, member at offset 16");
    SAYS(access_text(CRASH_EXECUTE, SEGV_MAPERR, 0), "jump to 0x0: null pointer");
    SAYS(access_text(CRASH_EXECUTE, SEGV_MAPERR, 0xdead), "jump to 0xdead: nothing is mapped there");
    SAYS(access_text(CRASH_ACCESS_UNKNOWN, SEGV_MAPERR, 0), "access to 0x0: null pointer");
}

static void what_lies_near_an_address_is_told(void)
{
    SAYS(access_text(CRASH_WRITE, SEGV_MAPERR, HEAP + PAGE + 5),
         "write to 0x801005: nothing is mapped there, 5 bytes behind the end of [heap]");
    SAYS(access_text(CRASH_READ, SEGV_MAPERR, CODE - 8),
         "read of 0x3ffff8: nothing is mapped there, 8 bytes before the start of program");
    SAYS(access_text(CRASH_EXECUTE, SEGV_MAPERR, 0x3000000),
         "jump to 0x3000000: nothing is mapped there");
}

static void a_mapping_that_forbids_the_access_is_named(void)
{
    SAYS(access_text(CRASH_WRITE, SEGV_ACCERR, CODE), "write to 0x400000: program is not writable");
    SAYS(access_text(CRASH_EXECUTE, SEGV_ACCERR, HEAP), "jump to 0x800000: [heap] is not executable");
    SAYS(access_text(CRASH_READ, SEGV_ACCERR, GUARD),
         "read of 0x7000000: memory without any access, as guard pages are");
}

static void an_overflow_is_told_as_one(void)
{
    struct crash_record record = {.signo = SIGSEGV, .code = SEGV_ACCERR, .access = CRASH_WRITE,
                                  .address = GUARD + PAGE - 8};

    record.registers.value[MACHINE_SP] = GUARD + PAGE;
    SAYS(text_of(&record), "write to 0x7000ff8: the stack is used up");
}

static void an_address_that_is_not_canonical_has_no_number(void)
{
    struct crash_record record = {.signo = SIGSEGV, .code = SI_KERNEL};

    SAYS(text_of(&record),
         "an address that is not canonical, or an instruction that is not allowed");
    record.registers.value[MACHINE_PC] = UINT64_C(0x4141414141414141);
    SAYS(text_of(&record), "jump to 0x4141414141414141: not a canonical address");
}

static void other_signals_have_their_words(void)
{
    SAYS(signal_text(SIGFPE, FPE_INTDIV, 0), "integer division by zero, or its result is too large");
    SAYS(signal_text(SIGBUS, BUS_ADRERR, 0), "read of 0x600800: behind the end of the file file");
    SAYS(signal_text(SIGBUS, BUS_ADRALN, 0), "an address that is not aligned");
    SAYS(signal_text(SIGILL, ILL_ILLOPN, 0), "no valid instruction at 0x0");
    SAYS(signal_text(SIGSYS, 1, SYS_getppid), "a seccomp filter does not allow getppid");
    SAYS(signal_text(SIGSYS, 1, 99999), "a seccomp filter does not allow system call 99999");
    SAYS(signal_text(SIGXCPU, SI_KERNEL, 0), "its limit of processor time has passed");
}

static void who_sent_a_signal_is_told(void)
{
    SAYS(signal_text(SIGSEGV, SI_USER, 4711), "sent by process 4711");
    SAYS(signal_text(SIGSEGV, SI_TKILL, 100), "sent by the process itself");
    SAYS(signal_text(SIGABRT, SI_TKILL, 100), "");
    SAYS(signal_text(SIGSEGV, SI_USER, 0), "sent by the kernel");
    SAYS(signal_text(0, 0, 0), "");
}

static void a_long_name_is_cut(void)
{
    static char path[4096] = "/";
    struct mapping named = mapped[0];
    const struct mappings one = {.mapping = &named, .count = 1};
    const struct crash_record record = {.signo = SIGSEGV, .code = SEGV_ACCERR, .address = CODE,
                                        .access = CRASH_WRITE};
    char text[FAULT_TEXT];

    memset(path + 1, 'x', sizeof path - 2);
    named.path = path;
    crash__fault_text(&record, &one, text);
    CU_ASSERT_EQUAL(strlen(text), FAULT_TEXT - 1);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_null_pointer_is_told_with_the_member),
    TEST(what_lies_near_an_address_is_told),
    TEST(a_mapping_that_forbids_the_access_is_named),
    TEST(an_overflow_is_told_as_one),
    TEST(an_address_that_is_not_canonical_has_no_number),
    TEST(other_signals_have_their_words),
    TEST(who_sent_a_signal_is_told),
    TEST(a_long_name_is_cut),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "fault", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
