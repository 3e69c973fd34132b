/*
 * mini_debug.h - function names that a stripped file has in compressed form, in .gnu_debugdata
 *
 * liblzma decompresses them. It is loaded on demand; without it there are none.
 */
#ifndef FORKSCOPE_CRASH_MINI_DEBUG_H
#define FORKSCOPE_CRASH_MINI_DEBUG_H

#include "src/crash/symbols.h"

#include <stdbool.h>

struct mini_debug {
    unsigned char *bytes;    /* the decompressed file; NULL: there is none */
    struct symbols symbols;
};

/* Reads the names from a module's file (-1: none), a descriptor that is borrowed. False: none. */
bool crash__mini_debug_read(struct mini_debug *ret_debug, const struct module *module, int file);
void crash__mini_debug_free(struct mini_debug *debug);

#endif
