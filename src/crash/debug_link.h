/*
 * debug_link.h - the file with the debug information of a module, by name or by build-id
 */
#ifndef FORKSCOPE_CRASH_DEBUG_LINK_H
#define FORKSCOPE_CRASH_DEBUG_LINK_H

#include "src/crash/module.h"

/* Opens a file for reading: returns a descriptor, or -1. */
typedef int debug_link_opener(const char *path);

/*
 * Opens the debug file of a module: /usr/lib/debug/.build-id/xx/rest.debug; else the name in
 * .gnu_debuglink of its file, beside the file, in .debug there, or below /usr/lib/debug. The file
 * (-1: none) and the module's path are borrowed. The opener serves for paths that are made of the
 * module's path. Returns a descriptor, or -1. The file has the build-id of the module; for a module
 * without one, the check sum that .gnu_debuglink names.
 */
int crash__debug_link_open(const struct module *module, int file, debug_link_opener *open_beside);

#endif
