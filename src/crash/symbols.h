/* The function names of one module, from its file's .symtab, so static ones too, else from its
 * debug file, else from .dynsym. A file that is not the mapped one (another build-id) is not
 * believed.
 *
 * The files come as descriptors (images.h): nothing is opened here. Tables are read into memory,
 * names when they are asked for. */
#ifndef FORKSERVER_SYMBOLS_H
#define FORKSERVER_SYMBOLS_H

#include "src/crash/modules.h"

#include <elf.h>
#include <link.h>

enum { SYMBOLS_NAME = 256 };    /* longer names are cut */

struct symbols {
    ElfW(Sym) *symbol;    /* NULL: none are known */
    size_t count;
    int fd;                   /* where the names are: a file, or */
    struct memory *memory;    /* the process's memory, */
    uint64_t names;           /* at this place, and so many bytes long */
    uint64_t names_size;
};

/* file, debug: the module's file and its debug file, or -1; taken. Returns 0; -ENOENT when neither
 * is the mapped one, or has symbols; -ENOMEM. */
int forkserver__symbols_read(struct symbols *ret_symbols, const struct module *module, int file,
                             int debug);
/* The same for the vDSO, which is in no file. */
int forkserver__symbols_read_vdso(struct symbols *ret_symbols, const struct module *module,
                                  struct memory *memory);
void forkserver__symbols_free(struct symbols *symbols);

/* The function that covers an address, counted as the file does; NULL: none does. Borrowed. */
const ElfW(Sym) *forkserver__symbols_covering(const struct symbols *symbols, uint64_t address);

/* The definition of a variable of so many bytes; NULL: none. Borrowed. */
const ElfW(Sym) *forkserver__symbols_variable(const struct symbols *symbols, const char *name,
                                              uint64_t size);

/* Copies a symbol's name; "" when the symbol table lies. */
void forkserver__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol,
                              char ret_name[SYMBOLS_NAME]);

#endif
