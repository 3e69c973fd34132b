/*
 * names.h - the module and function that code belongs to, for the frames of a backtrace
 */
#ifndef FORKSCOPE_CRASH_NAMES_H
#define FORKSCOPE_CRASH_NAMES_H

#include "src/crash/backtrace.h"
#include "src/crash/module_files.h"
#include "src/crash/modules.h"
#include "src/crash/remote_memory.h"
#include "src/crash/symbols.h"
#include "src/crash/walk.h"

#include <stdbool.h>
#include <stdint.h>

/* All pointers are borrowed. */
struct names {
    const struct modules *modules;    /* of the examined process, or of one with the same image */
    const struct module_files *files;
    struct memory *memory;
    int64_t deadline;                 /* no table is read after it */
    bool with_symbols;                /* look up function names */
    struct symbols symbols[MODULES_MAX];    /* of the module with the same index */
    bool symbols_read[MODULES_MAX];
};

/* Reads the symbols of a module, which need not be one of names->modules. */
void crash__names_symbols(const struct names *names, const struct module *module,
                          struct symbols *ret_symbols);

/*
 * Gives a frame the name of a function, also as it is in the source. A long one is cut in the
 * report, after it has been translated.
 */
void crash__names_function(const char *symbol, struct backtrace *trace,
                           struct backtrace_frame *frame);

/* The name of the code that signal handlers return to, which has none in most modules. */
#define NAMES_OF_TRAMPOLINE "<signal handler called>"

/* Adds a frame to the trace, with its names. */
void crash__names_frame(struct names *names, const struct step *step, struct backtrace *trace);

/* Names the frame that was added last, if it is such code. */
void crash__names_trampoline(struct backtrace *trace);

#endif
