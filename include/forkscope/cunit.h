/*
 * cunit.h - CUnit tests, each in a process of its own
 *
 * CUnit runs all tests in one process: a crash ends the run, and what one test leaves behind
 * disturbs the next. With this runner every test is forked off, so that a crash, an exit(), an
 * endless loop or a fatal assertion costs only the test it happens in, and whatever a test leaves
 * behind (threads, descriptors, mappings, processes) fails that test by name. Link with
 * -lforkscope-cunit (pkg-config forkscope-cunit). The runner does not bring the library: tests that
 * call functions of <forkscope.h> link with both (pkg-config forkscope-cunit forkscope; of CMake
 * forkscope::cunit and forkscope::forkscope).
 *
 * The usual order of calls is one: fill CUnit's tables as always, and hand them over in main.
 *
 *     #include <forkscope/cunit.h>
 *
 *     static void two_and_two_are_four(void)
 *     {
 *         CU_ASSERT_EQUAL(2 + 2, 4);
 *     }
 *
 *     static CU_TestInfo tests[] = {
 *         { "two_and_two_are_four", two_and_two_are_four },
 *         CU_TEST_INFO_NULL,
 *     };
 *     static CU_SuiteInfo suites[] = {
 *         { .pName = "sums", .pTests = tests },
 *         CU_SUITE_INFO_NULL,
 *     };
 *
 *     int main(int argc, char **argv)
 *     {
 *         return procspawn_cunit_run(suites, argc, argv);
 *     }
 *
 * What happens to one test
 *
 * 1. The runner, which has one thread, forks. The test process leads a process group of its own, is
 *    killed if the runner dies, and has handlers for the deadly signals (only where none was
 *    installed) that note a backtrace.
 * 2. In the test process: the function given to procspawn_cunit_setup; a first inventory; the
 *    suite's pInitFunc and pSetUpFunc; the test; pTearDownFunc and pCleanupFunc; a second
 *    inventory; the function given to procspawn_cunit_teardown. Every test has its suite's
 *    pInitFunc and pCleanupFunc to itself.
 * 3. The test process ends by exit(0), so that sanitizers, coverage and atexit handlers have their
 *    say: a non-zero status then fails the test too.
 * 4. The runner, a subreaper, kills and names every process that the test left behind, daemons
 *    included. What it had for children when the test began is left alone.
 *
 * What fails a test
 *
 * - an assertion: of the test's thread, of any other thread, of a process the test forked. All
 *   travel to the runner and are CUnit failures there, with file, line and text.
 * - a signal, exit() or _exit(), with a backtrace where there was a signal.
 * - the time limit: 60 s unless said otherwise. Each thread's state and stack are shown.
 * - no assertion at all: a test that returned too early has tested nothing. CU_PASS("...") counts
 *   as an assertion.
 * - leftovers, by comparing the two inventories: threads; descriptors opened, closed or exchanged;
 *   mappings; child processes, zombies among them. What disappears by itself within half a second
 *   is forgiven, since the kernel finishes some things after the call that began them has returned.
 *   After a fatal assertion the test was cut short, and leftovers are ended but not reported.
 *   Mapped memory is compared in bytes, by the file behind it; memory with no file (mmap, stacks of
 *   threads never joined, blocks of malloc that are large enough to be mappings) in one sum, which
 *   is not done under the address and thread sanitizers, whose allocators map at will.
 * - a report of the address, leak or thread sanitizer. UBSan must be told to end the process
 *   (-fno-sanitize-recover=undefined).
 *
 * The command line of the program
 *
 *     prog [-l] [-r N] [-t SECONDS] [-j FILE] [-n] [PATTERN...]
 *
 *   -l, --list             print the names of the tests, one a line
 *   -r, --repeat=N         run everything N times
 *   -t, --timeout=SECONDS  time limit of a test that sets none itself
 *   -j, --junit=FILE       write the results as JUnit XML
 *   -n, --no-fork          run in this process, without limit or inventories, for a debugger
 *   PATTERN                run only tests whose suite/test contains it, or matches it as a shell
 *                          pattern
 *
 * Environment: PROCSPAWN_CUNIT_FACTOR, a decimal number that multiplies every time limit (slow
 * machines, sanitizers).
 *
 * On stdout: a line for each test, "ok" or "FAILED" and suite/test, below it what failed as
 * file:line: text; and as the last line "N passed, N failed".
 *
 * Fork:   processes that a test forks belong to the test: their assertions count for it.
 */
#ifndef FORKSCOPE_CUNIT_H
#define FORKSCOPE_CUNIT_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What procspawn_cunit_allow can switch off, or-ed together. */
enum procspawn_cunit_check {
    PROCSPAWN_CUNIT_THREADS = 1,     /* threads left running */
    PROCSPAWN_CUNIT_DESCRIPTORS = 2, /* descriptors left open, closed, exchanged */
    PROCSPAWN_CUNIT_MAPPINGS = 4,    /* memory left mapped */
    PROCSPAWN_CUNIT_PROCESSES = 8,   /* processes left or zombies; they are ended all the same */
    PROCSPAWN_CUNIT_NO_ASSERTION = 16 /* a test without a single assertion */
};

/*
 * Runs the tests of CUnit's tables, each in a process of its own. Registers `suites` (borrowed,
 * ended by CU_SUITE_INFO_NULL, valid during the call) in a new CUnit registry, runs the program as
 * procspawn_cunit_main does, and frees the registry.
 *
 * Returns the exit status for main, as procspawn_cunit_main does; 2 also when CUnit refused the
 * tables.
 *
 * Safe:   from main, once at a time, while the process has one thread.
 * Cancel: no cancellation point.
 * Source: CUnit's CU_register_suites; wayland tests/test-runner.c for the idea of a process for
 * each test.
 */
int procspawn_cunit_run(CU_SuiteInfo *suites, int argc, char **argv);

/*
 * Runs what is registered with CUnit, as the command line says. argv is borrowed, and may be
 * reordered. CUnit's own results (CU_get_number_of_failures, CU_get_failure_list) hold afterwards
 * for the last repetition.
 *
 * Returns the exit status for main: 0 every test passed, or a list was asked for; 1 a test failed;
 * 2 no test ran: none registered, none matched, a bad command line, the JUnit file could not be
 * written.
 *
 * Safe:   from main, between CU_initialize_registry and CU_cleanup_registry, while the process has
 *         one thread. The process becomes a child subreaper (prctl PR_SET_CHILD_SUBREAPER) and
 *         stays one.
 * Cancel: no cancellation point.
 * Source: CUnit's CU_basic_run_tests, whose return value does not tell of failed assertions.
 */
int procspawn_cunit_main(int argc, char **argv);

/*
 * Sets the time limit in nanoseconds. Before the run: of every test, instead of 60 s; the command
 * line goes before. In a test, or in what runs around it: of this test, anew from now. Both are
 * multiplied by PROCSPAWN_CUNIT_FACTOR. 0 or less means no time at all.
 *
 * Safe:   any thread of the test process and processes forked from it; not signal handlers.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_cunit_time_limit(int64_t ns);

/*
 * Takes the checks in `kinds` (enum procspawn_cunit_check) off. Before the run: off every test. In
 * a test, or in what runs around it: off this test.
 *
 * Safe:   any thread of the test process and processes forked from it; not signal handlers.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_cunit_allow(unsigned kinds);

/*
 * Sets a function that every test process calls before the first inventory. What it leaves (a
 * server, a thread, a file) is no leftover of the test. NULL, as at the start, is nothing.
 *
 * Safe:   before the run.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_cunit_setup(void (*run)(void));

/*
 * Sets a function that every test process calls after the second inventory. It ends what
 * procspawn_cunit_setup's function began: processes that live on are leftovers then. NULL, as at
 * the start, is nothing. It is not called when the test ended its process.
 *
 * Safe:   before the run.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_cunit_teardown(void (*run)(void));

/*
 * What CUnit's assertion macros call in files that include this header: see the macro below. Its
 * parameters are those of CU_assertImplementation. The strings are copied: 160 bytes of `file`, 640
 * of `text`, and 64 failures of a test; more are counted. A fatal failure ends the test; off the
 * test's own thread it ends the process it happens in.
 *
 * Returns `value`.
 *
 * Safe:   any thread of the test process and of processes forked from it. CUnit's own is not.
 * Cancel: no cancellation point.
 * Source: CUnit's CU_assertImplementation.
 */
CU_BOOL procspawn_cunit_assert(CU_BOOL value, unsigned line, const char *text, const char *file,
                               const char *function, CU_BOOL fatal);

/*
 * What PROCSPAWN_CUNIT_EQUAL calls: asserts that two integers are equal and shows both when they
 * are not.
 *
 * Returns whether they are.
 *
 * Safe:   as procspawn_cunit_assert.
 * Cancel: no cancellation point.
 * Source: own.
 */
CU_BOOL procspawn_cunit_equal(long long actual, long long expected, const char *text, unsigned line,
                              const char *file);

/* Asserts that two integers are equal, and shows both numbers when they are not. Each is evaluated
 * once. */
#define PROCSPAWN_CUNIT_EQUAL(actual, expected)                                                    \
    procspawn_cunit_equal((actual), (expected), #actual " == " #expected, __LINE__, __FILE__)

/* CUnit's macros name this function; its own loses what other processes say and is unsafe among
 * threads. */
#define CU_assertImplementation procspawn_cunit_assert

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
