/*
 * made_module.h - a module written by hand: one function, and a symbol table of any size
 */
#ifndef FORKSCOPE_SUPPORT_MADE_MODULE_H
#define FORKSCOPE_SUPPORT_MADE_MODULE_H

#include <stddef.h>

/* The name of its function in the symbol table. */
#define MADE_MODULE_NAME "stays_in_made_module"

/* Its function sets the word to 1 and does not return. */
typedef void made_module_function(volatile int *word);

/*
 * Writes the file, with a symbol table of `table` bytes that are zero except for the first symbol,
 * and maps it. number: distinguishes it from others, in its build-id. Returns NULL on failure.
 */
made_module_function *made_module(const char *path, unsigned number, size_t table);

#endif
