/*
 * loaded_symbols.h - the function names of a module whose file cannot be read
 *
 * The file was deleted or replaced, lies in another root, or the process's user may not read it.
 * But the names that the module exports lie in memory, where the dynamic linker uses them.
 */
#ifndef FORKSCOPE_CRASH_LOADED_SYMBOLS_H
#define FORKSCOPE_CRASH_LOADED_SYMBOLS_H

#include "src/crash/symbols.h"

/* memory is borrowed until the symbols are freed. Returns 0; -ENOENT; -ENOMEM. */
int crash__loaded_symbols(struct symbols *ret_symbols, const struct module *module,
                          struct memory *memory);

#endif
