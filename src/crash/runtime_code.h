/*
 * runtime_code.h - frames in modules of the program whose code is that of the run-time libraries:
 * templates of the C++ library, and what a static program has of it and of the C library
 */
#ifndef FORKSCOPE_CRASH_RUNTIME_CODE_H
#define FORKSCOPE_CRASH_RUNTIME_CODE_H

#include "src/crash/backtrace.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Is the code of this frame the C++ library's? Its source file tells, if that is known, and else
 * its symbol.
 */
bool crash__is_of_cxx_library(const struct backtrace *trace, const struct backtrace_frame *frame);

/*
 * How many of the innermost frames of a thread lead from abort(3), or from a failed assertion, to
 * the signal; and how many of the outermost are the C library's start of the thread. They are known
 * by their symbols, in one module at each end, which is the program if it is linked statically.
 */
size_t crash__ending_frames(const struct backtrace *trace, const struct backtrace_thread *thread);
size_t crash__starting_frames(const struct backtrace *trace, const struct backtrace_thread *thread);

#endif
