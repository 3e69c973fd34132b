/*
 * made_module.h - a module made by hand: one function and a symbol table, of any size
 */
#ifndef TESTS_MADE_MODULE_H
#define TESTS_MADE_MODULE_H

#include <stddef.h>

/* The name of its function in the table. */
#define MADE_MODULE_NAME "stays_in_made_module"

/* Its function sets the word to 1 and never returns. */
typedef void made_module_function(volatile int *word);

/* Makes the file, with a symbol table of so many bytes that are zero but for the first symbol, and
 * maps it. number: what distinguishes it from others, in its build-id. NULL when that fails. */
made_module_function *made_module(const char *path, unsigned number, size_t table);

#endif
