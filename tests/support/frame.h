/*
 * frame.h - functions that a backtrace shows
 */
#ifndef FORKSCOPE_SUPPORT_FRAME_H
#define FORKSCOPE_SUPPORT_FRAME_H

/*
 * For a function that a backtrace shows by its own name: it is neither inlined nor cloned.
 * Sanitizers do not check it, so that it can crash.
 */
#if defined(__clang__)
#define FRAME __attribute__((noinline, no_sanitize("address", "undefined", "thread")))
#else
#define FRAME __attribute__((noipa, no_sanitize("address", "undefined", "thread")))
#endif

#endif
