/*
 * The names of functions, static ones too, which dladdr does not know.
 */
#ifndef SRC_CUNIT_SYMBOLS_H
#define SRC_CUNIT_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copies the name of the function that covers `address`, as ELF file `path` counts addresses, from
 * the file's .symtab. Returns the distance from the function's start, or -1 when there is none.
 */
long procspawn__cunit_symbol(const char *path, uintptr_t address, char *ret_name, size_t size);

#endif
