/*
 * symbols.h - names of functions, including static ones, which dladdr does not find
 */
#ifndef FORKSCOPE_CUNIT_SYMBOLS_H
#define FORKSCOPE_CUNIT_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copies the name of the function at `address`, an address within ELF file `path`, from its
 * .symtab. Returns the distance from the function's start; -1: none found.
 */
long procspawn__cunit_symbol(const char *path, uintptr_t address, char *ret_name, size_t size);

#endif
