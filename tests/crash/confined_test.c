/*
 * confined_test.c - what a confined reporter may do while it reads a child, and what it leaves
 * when it is ended
 */
#include "src/base/clock.h"
#include "src/crash/backtrace.h"
#include "src/crash/handler.h"
#include "src/crash/modules.h"
#include "src/crash/report_file.h"
#include "src/crash/unwind.h"
#include "tests/support/frame.h"
#include "tests/support/large_tables.h"
#include "tests/support/made_module.h"
#include "tests/support/somebody.h"
#include "tests/support/withheld_memory.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* ---- a child whose memory cannot be read to the end ---- */

static FRAME void crash_without_caller(void *frame, volatile char *room)
{
    room[0] = 0;
    if (withhold_page(frame))
        *(volatile int *)NULL = 1;
    _exit(1);
}

/* The page with its own return address goes; its callee works on another one. */
static FRAME void lose_caller(void)
{
    char room[2 * 65536];

    crash_without_caller(__builtin_frame_address(0), room);
    __asm__ volatile("" ::"r"(room) : "memory");
}

static FRAME void crash_at_once(void)
{
    *(volatile int *)NULL = 1;
}

/* ---- a child that has modules with large symbol tables ---- */

static void crash_beside_large_tables(void)
{
    large_tables_load();
    crash_at_once();
}

static pid_t start_child(void (*crash)(void), uid_t uid)
{
    const struct rlimit no_core = { 0, 0 };
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setrlimit(RLIMIT_CORE, &no_core);
    become(uid);
    crash__install(getppid());
    crash();
    _exit(1);
}

/* ---- a reporter that is held up by that ---- */

static struct {
    pid_t child, reporter;
    struct crash_record record;
    struct backtrace_brief *brief;
    char status[4096];
    char limits[4096];
} held;

static void read_file(pid_t pid, const char *name, char *ret_text, size_t room)
{
    char path[64];
    int fd;
    ssize_t got;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = read(fd, ret_text, room - 1);
    ret_text[got > 0 ? got : 0] = '\0';
    close(fd);
}

/* It reads, and does not run. */
static bool waits_for_the_page(void)
{
    char call[256];

    read_file(held.reporter, "syscall", call, sizeof call);
    read_file(held.reporter, "status", held.status, sizeof held.status);
    read_file(held.reporter, "limits", held.limits, sizeof held.limits);
    return strtol(call, NULL, 10) == SYS_pread64 && !strstr(held.status, "\nState:\tR");
}

static void report(int64_t limit, int fd)
{
    static struct modules at_init;
    const struct unwind_task task = {
        .pid = held.child, .record = &held.record, .at_init = &at_init, .limit = limit,
        .with_symbols = true, .fd = fd, .brief = held.brief };

    if (crash__modules_own(&at_init) != 0)
        _exit(1);
    crash__unwind_and_exit(&task);
}

static void begin_report(void (*crash)(void), uid_t uid, int64_t limit, int fd)
{
    int status;

    held.brief = mmap(NULL, sizeof *held.brief, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    held.child = start_child(crash, uid);
    CU_ASSERT_EQUAL_FATAL(waitpid(held.child, &status, WUNTRACED), held.child);
    CU_ASSERT_FATAL(WIFSTOPPED(status));
    CU_ASSERT_EQUAL_FATAL(crash__read(held.child, &held.record), 0);
    held.reporter = fork();
    if (held.reporter == 0)
        report(limit, fd);
}

static void hold_reporter(uid_t uid)
{
    int64_t deadline = base__deadline(20 * BASE_SECOND);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    CU_ASSERT_FATAL(withhold_begin());
    begin_report(lose_caller, uid, 60 * BASE_SECOND, null);
    close(null);
    while (!waits_for_the_page() && base__now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_FATAL(waits_for_the_page());
}

static int end_of_reporter(void)
{
    int status = -1;

    CU_ASSERT(waitpid(held.reporter, &status, 0) == held.reporter);
    return status;
}

static void end_child(void)
{
    kill(held.child, SIGKILL);
    CU_ASSERT(waitpid(held.child, NULL, 0) == held.child);
    munmap(held.brief, sizeof *held.brief);
}

/* The reporter can be waited for when the page is not withheld any more. */
static void end_report(void)
{
    kill(held.reporter, SIGKILL);
    end_child();
    withhold_end();
    end_of_reporter();
}

static void check_line(const char *line)
{
    bool found = strstr(held.status, line) != NULL;

    if (!found)
        printf("  not in its status:%s", line);
    CU_ASSERT(found);
}

static void check_no_capabilities(void)
{
    check_line("\nCapInh:\t0000000000000000\n");
    check_line("\nCapPrm:\t0000000000000000\n");
    check_line("\nCapEff:\t0000000000000000\n");
    check_line("\nCapBnd:\t0000000000000000\n");
    check_line("\nCapAmb:\t0000000000000000\n");
    check_line("\nNoNewPrivs:\t1\n");
}

/* Whose files in /proc belong to root cannot be traced by others. */
static bool is_traceable(pid_t pid)
{
    char path[64];
    struct stat status;

    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    return stat(path, &status) == 0 && status.st_uid != 0;
}

static void a_reporter_reads_the_memory_of_another_user_as_that_user(void)
{
    hold_reporter(SOMEBODY);
    check_line("\nUid:\t1234\t1234\t1234\t1234\n");
    check_line("\nGid:\t2345\t2345\t2345\t2345\n");
    check_line("\nGroups:\t2345 3456 \n");
    check_no_capabilities();
    CU_ASSERT(!is_traceable(held.reporter));
    end_report();
}

static void a_reporter_of_roots_child_is_root_without_capabilities(void)
{
    hold_reporter(0);
    check_line("\nUid:\t0\t0\t0\t0\n");
    check_line("\nGid:\t0\t0\t0\t0\n");
    check_no_capabilities();
    end_report();
}

static unsigned long limit_of(const char *name)
{
    const char *line = strstr(held.limits, name);

    CU_ASSERT_FATAL(line != NULL);
    return strtoul(line + strlen(name), NULL, 10);
}

static void a_reporter_has_little_of_everything(void)
{
    unsigned long own, most;

    hold_reporter(0);
    own = strtoul(strstr(held.status, "\nVmPeak:\t") + 9, NULL, 10) * 1024;
    most = limit_of("Max address space");
    CU_ASSERT(most > 64 * MIB && most <= own + 64 * MIB);
    CU_ASSERT_EQUAL(limit_of("Max core file size"), 0);
    CU_ASSERT_EQUAL(limit_of("Max file size"), REPORT_FILE_BYTES);
    CU_ASSERT_EQUAL(limit_of("Max cpu time"), 61);
    end_report();
}

static void check_brief(void)
{
    static struct backtrace trace;

    CU_ASSERT_EQUAL_FATAL(crash__backtrace_get_brief(held.brief, &trace), 0);
    CU_ASSERT_EQUAL(trace.cause, BACKTRACE_CRASH);
    CU_ASSERT_EQUAL(trace.signo, SIGSEGV);
    CU_ASSERT_EQUAL(trace.frame_count, 0);
}

static void a_reporter_that_does_not_come_to_its_end_leaves_the_cause(void)
{
    hold_reporter(SOMEBODY);
    check_brief();
    end_report();
}

/* Killed or not, the reporter does not prevent the end of the child. */
static void a_reporter_that_is_held_up_does_not_hold_the_child(void)
{
    int status;

    hold_reporter(0);
    do
        kill(held.child, SIGCONT);
    while (waitpid(held.child, &status, WUNTRACED) == held.child && WIFSTOPPED(status));
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CU_ASSERT_EQUAL(waitpid(held.reporter, &status, WNOHANG), 0);
    kill(held.reporter, SIGKILL);
    withhold_end();
    end_of_reporter();
    munmap(held.brief, sizeof *held.brief);
}

/* ---- one that is not held up by the child ---- */

/* A pipe that takes no more. */
static void open_full_pipe(int ret_ends[2])
{
    static const char nothing[4096];

    CU_ASSERT_FATAL(pipe2(ret_ends, O_CLOEXEC | O_NONBLOCK) == 0);
    while (write(ret_ends[1], nothing, sizeof nothing) > 0)
        ;
    CU_ASSERT_FATAL(fcntl(ret_ends[1], F_SETFL, 0) == 0);
}

static void a_reporter_is_ended_by_its_alarm_and_leaves_the_cause(void)
{
    int ends[2], status;

    open_full_pipe(ends);
    begin_report(crash_at_once, 0, BASE_SECOND / 2, ends[1]);
    status = end_of_reporter();
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    check_brief();
    end_child();
    close(ends[0]);
    close(ends[1]);
}

static unsigned frames_named(const struct backtrace *trace, const char *name)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < trace->frame_count; i++)
        count += strcmp(crash__backtrace_string(trace, trace->frame[i].symbol), name) == 0;
    return count;
}

/* Some of the tables fit, and the others do not. */
static void check_large_tables(int fd)
{
    static unsigned char bytes[REPORT_FILE_BYTES];
    static struct backtrace trace;
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    unsigned named;

    CU_ASSERT_FATAL(size > 0);
    CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, (size_t)size, &trace), 0);
    named = frames_named(&trace, MADE_MODULE_NAME);
    CU_ASSERT(named >= 1 && named < LARGE_TABLES);
    CU_ASSERT_EQUAL(frames_named(&trace, "crash_at_once"), 1);
}

static void large_symbol_tables_do_not_take_more_memory_than_allowed(void)
{
    struct rusage own, usage;
    int status = -1, memfd = memfd_create("report", MFD_CLOEXEC);

    CU_ASSERT_FATAL(large_tables_begin() == 0);
    begin_report(crash_beside_large_tables, 0, 60 * BASE_SECOND, memfd);
    CU_ASSERT(wait4(held.reporter, &status, 0, &usage) == held.reporter);
    CU_ASSERT_EQUAL(status, 0);
    getrusage(RUSAGE_SELF, &own);
    CU_ASSERT(usage.ru_maxrss < own.ru_maxrss + 80 * 1024);
    check_large_tables(memfd);
    end_child();
    CU_ASSERT(large_tables_end() == 0);
    close(memfd);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_reporter_is_ended_by_its_alarm_and_leaves_the_cause),
    TEST(large_symbol_tables_do_not_take_more_memory_than_allowed),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo held_tests[] = {
    TEST(a_reporter_reads_the_memory_of_another_user_as_that_user),
    TEST(a_reporter_of_roots_child_is_root_without_capabilities),
    TEST(a_reporter_has_little_of_everything),
    TEST(a_reporter_that_does_not_come_to_its_end_leaves_the_cause),
    TEST(a_reporter_that_is_held_up_does_not_hold_the_child),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[3] = {
    { .pName = "confine", .pTests = tests },
};

/* Without root no page can be held back. */
int main(int argc, char **argv)
{
    if (geteuid() == 0 && withhold_works())
        suites[1] = (CU_SuiteInfo){ .pName = "confine_held", .pTests = held_tests };
    return procspawn_cunit_run(suites, argc, argv);
}
