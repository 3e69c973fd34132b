/* The function names of one module, from its file's .symtab, so static ones too, else from its
 * debug file, else from .dynsym. A file that is not the mapped one (another build-id) is not
 * believed. */
#ifndef FORKSERVER_SYMBOLS_H
#define FORKSERVER_SYMBOLS_H

#include "forkserver/modules.h"

#include <elf.h>
#include <link.h>

struct symbols {
    ElfW(Sym) *symbol;
    size_t count;
    char *names;    /* ends in NUL */
    size_t names_size;
};

/* Returns 0; -ENOENT when no file is the mapped one, or has no symbols; -ENOMEM. */
int forkserver__symbols_read(struct symbols *ret_symbols, const struct module *module,
                             struct memory *memory);
void forkserver__symbols_free(struct symbols *symbols);

/* The function that covers an address, counted as the file does; NULL: none does. Its name is
 * symbols_name(). Borrowed. */
const ElfW(Sym) *forkserver__symbols_covering(const struct symbols *symbols, uint64_t address);

/* The definition of a name; NULL: none. */
const ElfW(Sym) *forkserver__symbols_named(const struct symbols *symbols, const char *name);

/* Borrowed; "" when the symbol table lies. */
const char *forkserver__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol);

#endif
