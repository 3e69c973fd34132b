/* A plain parent for children that crash: it does what a server would, and compares the report. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include "src/crash/handler.h"
#include "src/crash/backtrace.h"
#include "tests/support/crashers.h"

#include <forkscope/cunit.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of the child that ran last. */
extern struct backtrace watch_trace;
extern bool watch_stopped;      /* it stopped with a filled record */
extern int watch_status;        /* how it ended */
extern int64_t watch_ns;        /* from the stop to the complete report */

/* For the next helper: who it is, if not 0; how long it may take, in ns. */
extern uid_t watch_uid;
extern int64_t watch_limit;

/* NULL without the thread sanitizer. */
void __tsan_init(void) __attribute__((weak));

/* The thread sanitizer runs one of its own beside the main thread. */
unsigned watch_hidden_threads(void);

/* Starts a victim; it runs in the function in_child(), called by watch_start(). */
pid_t watch_start(void (*victim)(void));

/* Has a helper look at a process. */
void watch_unwind(pid_t pid, const struct crash_record *record);

/* Runs a victim to its end, as a server would. */
void watch_run(void (*victim)(void));

/* The same for one that must crash. */
void watch_crash(void (*victim)(void), int signo);

const char *watch_text(uint32_t position);
const struct backtrace_frame *watch_frames(size_t thread);
void watch_show(size_t thread);

/* Do a thread's frames begin with these, youngest first? A name stands for one frame, "" for one
 * that has none, "[lib]" for one or more frames in the C library or in a sanitizer that wraps
 * it. */
bool watch_matches(size_t thread, const char *const *names);

#define EXPECT_THREAD(thread, ...)                                             \
    do {                                                                       \
        static const char *const names[] = {__VA_ARGS__, NULL};                \
        bool as_expected = watch_matches(thread, names);                       \
        if (!as_expected)                                                      \
            watch_show(thread);                                                \
        CU_ASSERT_TRUE(as_expected);                                           \
    } while (0)

#define EXPECT(...) EXPECT_THREAD(0, __VA_ARGS__)

#endif
