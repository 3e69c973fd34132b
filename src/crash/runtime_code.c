/*
 * runtime_code.c - knows code of the run-time libraries by its source file and by its symbol
 */
#include "src/crash/runtime_code.h"

#include <string.h>

/*
 * The headers of libstdc++ and of libc++ lie in folders as /usr/include/c++/12,
 * /usr/include/x86_64-linux-gnu/c++/12, /usr/lib/llvm-14/include/c++/v1.
 */
static bool is_header_of_cxx(const char *path)
{
    const char *include = strstr(path, "/include/");

    return include && strstr(include, "/c++/");
}

/* Symbols of namespace std, of the namespaces of its makers, and of the C++ run time. */
static const char *const cxx_prefixes[] = {
    "_ZSt", "_ZNSt", "_ZNKSt", "_ZZSt", "_ZZNSt", "_ZZNKSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx",
    "_ZN10__cxxabiv1", "_ZNK10__cxxabiv1", "__cxa_", "__gxx_personality", "_Unwind_",
};

static const char first_ending[] = "__pthread_kill_i";
static const char *const endings[] = {
    "__pthread_kill_implementation", "__pthread_kill_internal", "__pthread_kill", "pthread_kill",
    "raise", "gsignal", "abort", "__assert_fail_base", "__assert_fail", "__assert_perror_fail",
    "__libc_message", "__libc_message_impl", "__fortify_fail", "__chk_fail", "__stack_chk_fail",
    "malloc_printerr", NULL,
};
static const char *const starts[] = {
    "__clone3", "clone3", "__clone", "clone", "start_thread", "execute_native_thread_routine",
    "_start", "__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main",
    "generic_start_main", NULL,
};

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool crash__is_of_cxx_library(const struct backtrace *trace, const struct backtrace_frame *frame)
{
    const char *symbol = crash__backtrace_string(trace, frame->symbol);

    if (frame->file != 0)
        return is_header_of_cxx(crash__backtrace_string(trace, frame->file));
    for (size_t i = 0; i < sizeof cxx_prefixes / sizeof cxx_prefixes[0]; i++)
        if (begins(symbol, cxx_prefixes[i]))
            return true;
    return false;
}

/* A copy of a function that the compiler has made has a suffix behind a dot. */
static bool has_name(const char *symbol, const char *name)
{
    char next = begins(symbol, name) ? symbol[strlen(name)] : 'x';

    return next == '\0' || next == '.';
}

static bool is_one_of(const char *symbol, const char *const *names)
{
    while (*names && !has_name(symbol, *names))
        names++;
    return *names != NULL;
}

/* Counts frames of one module, from the first one on, in steps of 1 or -1. */
static size_t count(const struct backtrace *trace, const struct backtrace_thread *thread,
                    uint32_t first, int step, const char *const *names)
{
    const struct backtrace_frame *end = &trace->frame[first];
    size_t found = 0;

    while (found < thread->count) {
        const struct backtrace_frame *frame = end + (ptrdiff_t)found * step;

        if (frame->module != end->module ||
            !is_one_of(crash__backtrace_string(trace, frame->symbol), names))
            break;
        found++;
    }
    return found;
}

size_t crash__ending_frames(const struct backtrace *trace, const struct backtrace_thread *thread)
{
    if (thread->count == 0 ||
        !begins(crash__backtrace_string(trace, trace->frame[thread->first].symbol), first_ending))
        return 0;
    return count(trace, thread, thread->first, 1, endings);
}

size_t crash__starting_frames(const struct backtrace *trace, const struct backtrace_thread *thread)
{
    if (thread->count == 0)
        return 0;
    return count(trace, thread, thread->first + thread->count - 1, -1, starts);
}
