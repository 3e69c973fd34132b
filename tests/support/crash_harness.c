/*
 * crash_harness.c - runs a child that crashes, as a server would, and reads its backtrace
 */
#include "tests/support/crash_harness.h"

#include "src/crash/unwind.h"
#include "src/base/clock.h"
#include "src/crash/backtrace.h"
#include "src/crash/handler.h"
#include "src/crash/modules.h"
#include "src/crash/report_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t watch_limit = 10000000000;

struct backtrace watch_trace;
bool watch_stopped;
int watch_status;
int64_t watch_ns;

unsigned watch_hidden_threads(void)
{
    return __tsan_init ? 1 : 0;
}

static FRAME void in_child(void (*victim)(void))
{
    const struct rlimit no_core = {0, 0};

    setpgid(0, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    crash__install(getppid());
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    victim();
    _exit(0);
}

FRAME pid_t watch_start(void (*victim)(void))
{
    pid_t pid = fork();

    if (pid == 0)
        in_child(victim);
    return pid;
}

static size_t read_to_end(int fd, unsigned char *bytes, size_t room)
{
    size_t size = 0;
    ssize_t got;

    while ((got = read(fd, bytes + size, room - size)) > 0)
        size += (size_t)got;
    return size;
}

uid_t watch_uid;
bool watch_places;

static void __attribute__((noreturn)) help(pid_t pid, const struct crash_record *record, int fd)
{
    static struct backtrace_brief brief;
    static struct modules at_init;
    const struct unwind_task task = {.pid = pid, .record = record, .at_init = &at_init,
                                     .limit = watch_limit, .with_symbols = true, .with_places = watch_places, .fd = fd,
                                     .brief = &brief};

    if (crash__modules_own(&at_init) != 0)
        _exit(1);
    if (watch_uid && setuid(watch_uid) != 0)
        _exit(1);
    crash__unwind_and_exit(&task);
}

void watch_unwind(pid_t pid, const struct crash_record *record)
{
    static unsigned char bytes[REPORT_FILE_BYTES];
    int ends[2], helper_status;
    pid_t helper;
    size_t size;

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    helper = fork();
    if (helper == 0)
        help(pid, record, ends[1]);
    close(ends[1]);
    size = read_to_end(ends[0], bytes, sizeof bytes);
    close(ends[0]);
    waitpid(helper, &helper_status, 0);
    CU_ASSERT_EQUAL(helper_status, 0);
    CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, size, &watch_trace), 0);
}

void watch_run(void (*victim)(void))
{
    struct crash_record record;
    pid_t pid = watch_start(victim);

    watch_stopped = false;
    while (waitpid(pid, &watch_status, WUNTRACED) == pid && WIFSTOPPED(watch_status)) {
        int64_t begin = base__now();

        /* It stops again as long as it has not been examined. */
        CU_ASSERT(!watch_stopped || watch_uid != 0);
        if (!watch_stopped && crash__read(pid, &record) == 0) {
            watch_stopped = true;
            watch_unwind(pid, &record);
        }
        watch_ns = base__now() - begin;
        kill(pid, SIGCONT);
    }
}

const char *watch_text(uint32_t position)
{
    return crash__backtrace_string(&watch_trace, position);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const struct backtrace_frame *watch_frames(size_t thread)
{
    return &watch_trace.frame[watch_trace.thread[thread].first];
}

static bool is_library(const struct backtrace_frame *frame)
{
    const char *name = file_name(watch_text(frame->module));

    return strncmp(name, "libc.", 5) == 0 || strstr(name, "san.so") ||
           strstr(watch_text(frame->symbol), "interceptor") ||
           strncmp(watch_text(frame->symbol), "__asan_", 7) == 0 ||
           strncmp(watch_text(frame->symbol), "__tsan_", 7) == 0 ||
           strncmp(name, "ld-linux", 8) == 0 || strcmp(name, "[vdso]") == 0 ||
           strcmp(name, "linux-vdso.so.1") == 0;
}

void watch_show(size_t thread)
{
    for (uint32_t i = 0; i < watch_trace.thread[thread].count; i++) {
        const struct backtrace_frame *frame = &watch_frames(thread)[i];

        printf("  #%u %llx %s %s+%llx (%u)\n", i, (unsigned long long)frame->ip,
               file_name(watch_text(frame->module)), watch_text(frame->symbol),
               (unsigned long long)frame->symbol_offset, frame->found);
    }
}

bool watch_matches(size_t thread, const char *const *names)
{
    const struct backtrace_frame *frame = watch_frames(thread),
                                 *end = frame + watch_trace.thread[thread].count;

    for (; *names; names++) {
        bool library = strcmp(*names, "[lib]") == 0;

        if (frame == end || is_library(frame) != library)
            return false;
        if (!library && strcmp(watch_text(frame->symbol), *names) != 0)
            return false;
        frame++;
        while (library && frame < end && is_library(frame))
            frame++;
    }
    return true;
}

static void expect_signal(int signo)
{
    CU_ASSERT_TRUE(watch_stopped);
    CU_ASSERT_TRUE(WIFSIGNALED(watch_status) && WTERMSIG(watch_status) == signo);
    CU_ASSERT_EQUAL(watch_trace.cause, BACKTRACE_CRASH);
    CU_ASSERT_EQUAL(watch_trace.signo, signo);
    CU_ASSERT_EQUAL(watch_trace.error, 0);
}

void watch_crash(void (*victim)(void), int signo)
{
    watch_run(victim);
    CU_ASSERT_TRUE_FATAL(watch_stopped);
    expect_signal(signo);
}
