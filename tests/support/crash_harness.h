/*
 * crash_harness.h - a plain parent for children that crash: does what a server would, and compares
 * the report
 */
#ifndef FORKSCOPE_SUPPORT_CRASH_HARNESS_H
#define FORKSCOPE_SUPPORT_CRASH_HARNESS_H

#include "src/crash/handler.h"
#include "src/crash/backtrace.h"
#include "tests/support/crashers.h"

#include <forkscope/cunit.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The backtrace of the child that ran last, and how it ended. */
extern struct backtrace watch_trace;
extern bool watch_stopped;      /* the child stopped with a filled record */
extern int watch_status;        /* its wait status */
extern int64_t watch_ns;        /* nanoseconds from the stop to the complete report */

/* For the next unwinder: its user id, if not 0, and its time limit in nanoseconds. */
extern uid_t watch_uid;
extern int64_t watch_limit;
/* Whether it looks for files and lines. */
extern bool watch_places;

/* NULL without the thread sanitizer. */
void __tsan_init(void) __attribute__((weak));

/* Returns the number of threads that a sanitizer adds to the main thread. */
unsigned watch_hidden_threads(void);

/* Starts a victim, which runs in in_child(), called by watch_start(). */
pid_t watch_start(void (*victim)(void));

/* Lets an unwinder examine a process. */
void watch_unwind(pid_t pid, const struct crash_record *record);

/* Runs a victim until its end, as a server would. */
void watch_run(void (*victim)(void));

/* Runs a victim that must crash with this signal. */
void watch_crash(void (*victim)(void), int signo);

const char *watch_text(uint32_t position);
const struct backtrace_frame *watch_frames(size_t thread);
void watch_show(size_t thread);

/*
 * Returns whether the frames of a thread start with these names, innermost first. A name stands for
 * one frame, "" for one without a name, "[lib]" for one or more frames in the C library or in a
 * sanitizer that wraps it.
 */
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
