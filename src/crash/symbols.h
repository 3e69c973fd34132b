/*
 * symbols.h - the function names of one module
 *
 * Read from the file's .symtab, which includes static functions; else from its debug file; else
 * from .dynsym. A file with another build-id than the mapped one is rejected; who has opened the
 * debug file has compared it. The files come as descriptors (module_files.h): nothing is opened
 * here. Tables are read into memory, names on demand.
 */
#ifndef FORKSCOPE_CRASH_SYMBOLS_H
#define FORKSCOPE_CRASH_SYMBOLS_H

#include "src/crash/module.h"
#include "src/crash/remote_memory.h"

#include <elf.h>
#include <link.h>

enum { SYMBOLS_NAME = 16384 };    /* longer names are cut */

struct symbols {
    ElfW(Sym) *symbol;    /* NULL: no symbols */
    size_t count;
    int fd;                   /* file with the names; -1: they are in memory */
    struct memory *memory;    /* the process's, for the vDSO; otherwise NULL */
    const unsigned char *bytes;    /* of an image in this process; otherwise NULL */
    uint64_t names;           /* offset of the names in the image, or their address */
    uint64_t names_size;      /* 0 if they lie outside of the bytes */
};

/*
 * file, debug: the module's file and its debug file, or -1; both are taken. Returns 0; -ENOENT if
 * neither is the mapped one, or has symbols; -ENOMEM.
 */
int crash__symbols_read(struct symbols *ret_symbols, const struct module *module, int file,
                        int debug);
/*
 * The same for an image in this process's memory, which is borrowed until the symbols are freed.
 * Nothing compares it with a module.
 */
int crash__symbols_read_bytes(struct symbols *ret_symbols, const unsigned char *bytes, size_t size);
/* The same for the vDSO, which has no file. */
int crash__symbols_read_vdso(struct symbols *ret_symbols, const struct module *module,
                             struct memory *memory);
void crash__symbols_free(struct symbols *symbols);

/*
 * Finds the section of this name in a module's file, a descriptor that is borrowed: its address
 * relative to the module, and its size. Returns 0, or -ENOENT if the file is not the mapped one.
 */
int crash__symbols_section(const struct module *module, int file, const char *name,
                           uint64_t *ret_address, uint64_t *ret_size);

/* Returns the function that covers an address relative to the module, borrowed; NULL: none. */
const ElfW(Sym) *crash__symbols_covering(const struct symbols *symbols, uint64_t address);

/* Returns the definition of a variable of this size, borrowed; NULL: none. */
const ElfW(Sym) *crash__symbols_variable(const struct symbols *symbols, const char *name,
                                         uint64_t size);

/* Copies a symbol's name; "" if its position is out of range. */
void crash__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol,
                         char ret_name[SYMBOLS_NAME]);

#endif
