/*
 * owner.c - decides whose code the frames of a thread are
 */
#include "src/crash/owner.h"

#include "src/crash/runtime_code.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The linker defines both. A program without a function in the section, as some tests are, has
 * neither.
 */
extern const char __start_forkscope_below[] __attribute__((weak, visibility("hidden")));
extern const char __stop_forkscope_below[] __attribute__((weak, visibility("hidden")));

/* Names of files without version: "libc" for libc.so.6 and libc-2.31.so. */
static const char *const system_modules[] = {
    "libc", "ld", "libpthread", "libdl", "librt", "libm", "libgcc_s", "libstdc++", "libc++",
    "libc++abi", "libasan", "libtsan", "libubsan", "linux-vdso",
};

/* Of functions that are not static; static ones have no prefix. */
static const char *const library_symbols[] = {
    "procspawn_", "scoped_", "remote_scope_", "remote_spawner_", "forkscope_", "forkserver__",
    "base__", "wire__", "crash__", "executor__",
};

/* Typed functions have an entry in the program's own module. */
static const char entry_prefix[] = "procspawn__";

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_system(const char *module)
{
    for (size_t i = 0; i < sizeof system_modules / sizeof system_modules[0]; i++) {
        const char *name = system_modules[i];
        char next = begins(module, name) ? module[strlen(name)] : '\0';

        if (next == '.' || next == '-')
            return true;
    }
    return strcmp(module, "[vdso]") == 0;
}

static bool is_library(const char *module)
{
    return begins(module, "libforkscope.") || begins(module, "libforkscope-");
}

bool crash__is_below_called(uint64_t ip)
{
    return ip >= (uintptr_t)__start_forkscope_below && ip < (uintptr_t)__stop_forkscope_below;
}

/* The module that the library is a part of; 0: not known. */
static uint32_t module_of_library(const struct backtrace *trace)
{
    for (uint32_t i = 0; i < trace->frame_count; i++)
        if (crash__is_below_called(trace->frame[i].ip))
            return trace->frame[i].module;
    return 0;
}

static bool has_library_symbol(const char *symbol)
{
    for (size_t i = 0; i < sizeof library_symbols / sizeof library_symbols[0]; i++)
        if (begins(symbol, library_symbols[i]))
            return true;
    return false;
}

static enum backtrace_owner owner_of(const struct backtrace *trace,
                                     const struct backtrace_frame *frame, uint32_t library)
{
    const char *module = file_name(crash__backtrace_string(trace, frame->module));
    const char *symbol = crash__backtrace_string(trace, frame->symbol);

    if (frame->module == 0)
        return BACKTRACE_PROGRAM;
    if (is_system(module))
        return BACKTRACE_SYSTEM;
    if (is_library(module) || begins(symbol, entry_prefix))
        return BACKTRACE_LIBRARY;
    return frame->module == library && has_library_symbol(symbol) ? BACKTRACE_LIBRARY
                                                                   : BACKTRACE_PROGRAM;
}

bool crash__is_in_system(const struct backtrace *trace, const struct backtrace_frame *frame)
{
    return is_system(file_name(crash__backtrace_string(trace, frame->module)));
}

/* What the program has of the run-time libraries is the system's. */
static void give_to_system(struct backtrace *trace, const struct backtrace_thread *thread)
{
    size_t endings = crash__ending_frames(trace, thread);
    size_t starts = crash__starting_frames(trace, thread);

    for (size_t i = 0; i < thread->count; i++) {
        struct backtrace_frame *frame = &trace->frame[thread->first + i];

        if (frame->owner == BACKTRACE_PROGRAM &&
            (i < endings || i + starts >= thread->count ||
             crash__is_of_cxx_library(trace, frame)))
            frame->owner = BACKTRACE_SYSTEM;
    }
}

static void set_owners(struct backtrace *trace, const struct backtrace_thread *thread,
                       uint32_t library)
{
    bool below = false;

    for (uint32_t i = thread->first; i < thread->first + thread->count; i++) {
        struct backtrace_frame *frame = &trace->frame[i];
        enum backtrace_owner owner = owner_of(trace, frame, library);

        below = below || crash__is_below_called(frame->ip);
        frame->owner = below && owner == BACKTRACE_PROGRAM ? BACKTRACE_LIBRARY : owner;
    }
    for (uint32_t i = thread->first + thread->count; i-- > thread->first + 1;)
        if (trace->frame[i - 1].inlined)
            trace->frame[i - 1].owner = trace->frame[i].owner;
    give_to_system(trace, thread);
}

void crash__set_owners(struct backtrace *trace)
{
    uint32_t library = module_of_library(trace);

    for (uint32_t i = 0; i < trace->thread_count; i++)
        set_owners(trace, &trace->thread[i], library);
}
