/*
 * dwarf.h - functions, files and lines of code, by the debug information of its module
 *
 * Reads it by libdw, which is loaded on demand, and locally, as libunwind is. It was not written
 * for hostile data: the caller is a process of its own that has dropped its rights (unwind.h), and
 * has written all that it knows before.
 */
#ifndef FORKSCOPE_DEBUG_DWARF_H
#define FORKSCOPE_DEBUG_DWARF_H

#include <stddef.h>
#include <stdint.h>

struct dwarf;
struct dwarf_file;

enum { DWARF_PLACES = 16 };    /* functions that are inlined into each other, at most */

/* A function at an address. The strings belong to the file, and are NULL where unknown. */
struct dwarf_place {
    const char *function;    /* as a symbol, where it has one */
    const char *folder;      /* that the file's name begins at */
    const char *file;
    uint32_t line;           /* 0: unknown */
};

/*
 * Loads libdw. Nothing is looked up after the deadline. Returns 0; -ELIBACC if it cannot be loaded,
 * as in a program that is linked statically; -ENOSYS if the library was built without; -ENOMEM.
 */
int debug__dwarf_new(struct dwarf **ret_dwarf, int64_t deadline);
void debug__dwarf_free(struct dwarf *dwarf);

/* Takes the descriptor. NULL: the file has no debug information. Close it before the last. */
struct dwarf_file *debug__dwarf_open(struct dwarf *dwarf, int fd);
void debug__dwarf_close(struct dwarf_file *file);

/*
 * Finds the functions that an instruction is a part of: those that were inlined there, innermost
 * first, and last the one whose code it is. Each has the line that it has come to: the inner ones
 * were called there. Returns their number; 0 if nothing is known.
 */
size_t debug__dwarf_places(struct dwarf_file *file, uint64_t address,
                           struct dwarf_place ret_places[DWARF_PLACES]);

#endif
