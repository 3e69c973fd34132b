/*
 * owner_test.c - whose code a frame is, as its module, its symbol and its source file say
 */
#include "src/crash/owner.h"

#include <forkscope/config.h>
#include <forkscope/cunit.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static struct backtrace trace;

static void begin_trace(void)
{
    crash__backtrace_init(&trace);
    trace.thread_count = 1;
}

static struct backtrace_frame *add(uint64_t ip, const char *module, const char *symbol)
{
    struct backtrace_frame *frame = &trace.frame[trace.frame_count++];

    *frame = (struct backtrace_frame){
        .ip = ip,
        .module = crash__backtrace_intern(&trace, module, 100),
        .symbol = crash__backtrace_intern(&trace, symbol, 100),
        .found = BACKTRACE_CFI,
    };
    trace.thread[0].count++;
    return frame;
}

static enum backtrace_owner owner_of_module(const char *module)
{
    begin_trace();
    add(0x1000, module, "f");
    crash__set_owners(&trace);
    return (enum backtrace_owner)trace.frame[0].owner;
}

static void of_file(struct backtrace_frame *frame, const char *file, bool inlined)
{
    frame->file = crash__backtrace_intern(&trace, file, 100);
    frame->line = 7;
    frame->inlined = inlined;
}

static void check_owners(const enum backtrace_owner *wanted)
{
    crash__set_owners(&trace);
    for (uint32_t i = 0; i < trace.frame_count; i++)
        PROCSPAWN_CUNIT_EQUAL((int)trace.frame[i].owner, (int)wanted[i]);
}

static void modules_of_the_system_are_known_by_their_names(void)
{
    static const char *const system[] = {
        "/lib/libc.so.6", "/lib/libc-2.31.so", "/lib64/ld-linux-x86-64.so.2", "[vdso]",
        "/usr/lib/libstdc++.so.6.0.30", "/lib/libgcc_s.so.1", "/lib/libpthread.so.0",
    };
    static const char *const others[] = {
        "", "/usr/bin/libc", "/usr/lib/libcairo.so.2", "/usr/lib/libdlib.so", "/bin/ldd",
        "/usr/lib/libjansson.so.4", "/lib/libc.so.6/mine", "/usr/lib/libforkscopex.so",
    };

    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++)
        PROCSPAWN_CUNIT_EQUAL((int)owner_of_module(system[i]), BACKTRACE_SYSTEM);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        PROCSPAWN_CUNIT_EQUAL((int)owner_of_module(others[i]), BACKTRACE_PROGRAM);
    PROCSPAWN_CUNIT_EQUAL((int)owner_of_module("/lib/libforkscope.so.0"), BACKTRACE_LIBRARY);
}

static void a_symbol_of_the_library_is_its_own_only_where_it_is_linked_in(void)
{
    uint64_t below = (uintptr_t)procspawn_init_with + 1;

    begin_trace();
    add(0x1000, "/bin/program", "scoped_close");
    add(0x1001, "/lib/other.so", "scoped_close");
    add(0x1002, "/bin/program", "work");
    add(0x1003, "/lib/other.so", "procspawn__entry_work");
    add(below, "/bin/program", "procspawn_init_with");
    add(0x1005, "/bin/program", "main");
    add(0x1006, "/lib/libc.so.6", "__libc_start_main");
    static const enum backtrace_owner wanted[] = {
        BACKTRACE_LIBRARY, BACKTRACE_PROGRAM, BACKTRACE_PROGRAM, BACKTRACE_LIBRARY,
        BACKTRACE_LIBRARY, BACKTRACE_LIBRARY, BACKTRACE_SYSTEM,
    };
    check_owners(wanted);
}

static void the_cxx_library_in_the_program_is_the_systems(void)
{
    static const enum backtrace_owner wanted[] = {
        BACKTRACE_SYSTEM, BACKTRACE_PROGRAM, BACKTRACE_SYSTEM, BACKTRACE_PROGRAM,
        BACKTRACE_SYSTEM, BACKTRACE_PROGRAM, BACKTRACE_SYSTEM, BACKTRACE_SYSTEM,
        BACKTRACE_PROGRAM, BACKTRACE_PROGRAM,
    };

    begin_trace();
    of_file(add(0x10, "/bin/program", "size"), "/usr/include/c++/12/bits/basic_string.h", true);
    of_file(add(0x10, "/bin/program", "operator()"), "/home/me/include/sort.cc", true);
    of_file(add(0x10, "/bin/program", "_ZSt6__sortI"), "/usr/include/c++/12/bits/algo.h", false);
    of_file(add(0x20, "/bin/program", "_ZNKSt4hashI4MineEclERKS0_"), "/home/me/hash.cc", false);
    of_file(add(0x28, "/bin/program", "__gthread_mutex_lock"),
            "/usr/include/x86_64-linux-gnu/c++/12/bits/gthr-default.h", true);
    of_file(add(0x28, "/bin/program", "_ZZN4work3runEvENKUlvE_"), "/home/me/c++/work.cc", false);
    add(0x30, "/bin/program", "_ZSt9terminatev");
    add(0x40, "/bin/program", "__cxa_throw");
    add(0x50, "/bin/program", "_ZN3StdC1Ev");
    of_file(add(0x60, "/bin/program", "parse"), "/usr/include/boost/parse.hpp", false);
    check_owners(wanted);
}

static void the_c_library_in_a_static_program_is_the_systems(void)
{
    static const enum backtrace_owner wanted[] = {
        BACKTRACE_SYSTEM, BACKTRACE_SYSTEM, BACKTRACE_SYSTEM, BACKTRACE_SYSTEM,
        BACKTRACE_PROGRAM, BACKTRACE_PROGRAM, BACKTRACE_PROGRAM, BACKTRACE_SYSTEM, BACKTRACE_SYSTEM,
    };

    begin_trace();
    add(0x10, "/bin/program", "__pthread_kill_implementation.constprop.0");
    add(0x11, "/bin/program", "raise");
    add(0x12, "/bin/program", "abort");
    add(0x13, "/bin/program", "__assert_fail");
    add(0x14, "/bin/program", "check");
    add(0x15, "/bin/program", "raise");
    add(0x16, "/bin/program", "start_thread_of_mine");
    add(0x17, "/bin/program", "start_thread");
    add(0x18, "/bin/program", "__clone3");
    check_owners(wanted);
}

static void names_of_the_c_library_are_free_elsewhere_in_the_program(void)
{
    static const enum backtrace_owner wanted[] = { BACKTRACE_PROGRAM, BACKTRACE_PROGRAM,
                                                   BACKTRACE_PROGRAM, BACKTRACE_SYSTEM,
                                                   BACKTRACE_SYSTEM };

    begin_trace();
    add(0x10, "/bin/program", "raise");
    add(0x11, "/bin/program", "abort");
    add(0x12, "/bin/program", "start_thread");
    add(0x13, "/lib/libc.so.6", "start_thread");
    add(0x14, "/lib/libc.so.6", "clone3");
    check_owners(wanted);
}

static CU_TestInfo tests[] = {
    { "modules_of_the_system_are_known_by_their_names",
      modules_of_the_system_are_known_by_their_names },
    { "a_symbol_of_the_library_is_its_own_only_where_it_is_linked_in",
      a_symbol_of_the_library_is_its_own_only_where_it_is_linked_in },
    { "the_cxx_library_in_the_program_is_the_systems",
      the_cxx_library_in_the_program_is_the_systems },
    { "the_c_library_in_a_static_program_is_the_systems",
      the_c_library_in_a_static_program_is_the_systems },
    { "names_of_the_c_library_are_free_elsewhere_in_the_program",
      names_of_the_c_library_are_free_elsewhere_in_the_program },
    CU_TEST_INFO_NULL,
};
static CU_SuiteInfo suites[] = {
    { .pName = "owner", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
