/*
 * places.h - files, lines and inlined functions for the frames of a backtrace
 *
 * What costs most of a report's time, and reads what was not written for hostile readers, so it
 * comes last (unwind.h). Modules without debug information cost next to nothing.
 */
#ifndef FORKSCOPE_CRASH_PLACES_H
#define FORKSCOPE_CRASH_PLACES_H

#include "src/crash/backtrace.h"
#include "src/debug/dwarf.h"
#include "src/crash/mini_debug.h"
#include "src/crash/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { PLACES_KEPT = 64 };

/* What is known of an address; the strings are in the pool of the trace. */
struct places_group {
    uint64_t ip;
    uint32_t count;    /* as debug__dwarf_places() */
    struct {
        uint32_t symbol, name, file, line;
    } place[DWARF_PLACES];
};

struct places_module {
    bool read;
    struct dwarf_file *info;    /* NULL: none */
    bool mini_read;
    struct mini_debug mini;
    struct timespec made;       /* when the module's file was written */
};

/* Zero at first, but for the names, which are borrowed, and the deadline. */
struct places {
    struct names *names;
    int64_t deadline;
    bool loaded;            /* or tried */
    int error;              /* of that; 0, too, while no module has debug information */
    struct dwarf *dwarf;    /* NULL: none */
    struct places_module module[MODULES_MAX];    /* with the same index */
    struct places_group kept[PLACES_KEPT];
    size_t kept_count;      /* of all that were kept */
};

/*
 * Completes the frames of a thread, which have owners. Inlined functions become frames of their
 * own. Modules of the system are left out: the debug information of a C library takes a hundred
 * times as long as that of a program. So are the frames below the called function.
 */
void crash__places_add(struct places *places, struct backtrace *trace, uint32_t number);

/* Adds lines of source around the innermost frame of the program, in the first thread. */
void crash__places_source(const struct places *places, struct backtrace *trace);

#endif
