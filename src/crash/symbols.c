/*
 * symbols.c - symbol tables of ELF files and of the vDSO
 */
#include "src/crash/symbols.h"

#include "src/crash/elf_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VARIABLE_NAME = 64 };    /* no longer ones are looked for */

static int load(const struct elf_image *image, uint32_t type, struct symbols *ret_symbols)
{
    const ElfW(Shdr) *table = crash__elf_section_of_type(image, type), *names;
    size_t count = table ? table->sh_size / sizeof *ret_symbols->symbol : 0;
    ElfW(Sym) *symbol;

    if (!table || table->sh_link >= image->head.e_shnum || table->sh_entsize != sizeof *symbol)
        return -ENOENT;
    names = &image->section[table->sh_link];
    symbol = crash__elf_copy(image, table->sh_offset, count * sizeof *symbol);
    if (!symbol)
        return -ENOMEM;
    *ret_symbols = (struct symbols){
        .symbol = symbol, .count = count, .fd = image->fd, .memory = image->memory,
        .bytes = image->bytes, .names = image->start + names->sh_offset,
        .names_size = names->sh_size,
    };
    if (image->bytes && (names->sh_offset > image->size ||
                         names->sh_size > image->size - names->sh_offset))
        ret_symbols->names_size = 0;
    return 0;
}

static int load_from(struct elf_image *image, const struct module *module, uint32_t type,
                     struct symbols *ret_symbols)
{
    int error = crash__elf_open(image);

    if (!error && (!module || crash__elf_is_mapped(image, module)))
        error = load(image, type, ret_symbols);
    else
        error = -ENOENT;
    crash__elf_close(image);
    return error;
}

/* module: what the file must have been mapped as; NULL: it has been compared. */
static int load_file(int fd, const struct module *module, uint32_t type,
                     struct symbols *ret_symbols)
{
    struct elf_image image = {.fd = fd};

    return fd < 0 ? -ENOENT : load_from(&image, module, type, ret_symbols);
}

int crash__symbols_read(struct symbols *ret_symbols, const struct module *module, int file,
                        int debug)
{
    int error;

    *ret_symbols = (struct symbols){.fd = -1};
    error = load_file(file, module, SHT_SYMTAB, ret_symbols);
    if (error)
        error = load_file(debug, NULL, SHT_SYMTAB, ret_symbols);
    if (error)
        error = load_file(file, module, SHT_DYNSYM, ret_symbols);
    if (file != ret_symbols->fd && file >= 0)
        close(file);
    if (debug != ret_symbols->fd && debug >= 0)
        close(debug);
    return error;
}

int crash__symbols_read_bytes(struct symbols *ret_symbols, const unsigned char *bytes, size_t size)
{
    struct elf_image image = {.fd = -1, .bytes = bytes, .size = size};

    *ret_symbols = (struct symbols){.fd = -1};
    return load_from(&image, NULL, SHT_SYMTAB, ret_symbols);
}

int crash__symbols_read_vdso(struct symbols *ret_symbols, const struct module *module,
                             struct memory *memory)
{
    struct elf_image image = {.fd = -1, .memory = memory, .start = module->start};

    *ret_symbols = (struct symbols){.fd = -1};
    return load_from(&image, NULL, SHT_DYNSYM, ret_symbols);
}

int crash__symbols_section(const struct module *module, int file, const char *name,
                           uint64_t *ret_address, uint64_t *ret_size)
{
    struct elf_image image = {.fd = file};
    const ElfW(Shdr) *section = NULL;

    if (file < 0)
        return -ENOENT;
    if (crash__elf_open(&image) == 0 && crash__elf_is_mapped(&image, module))
        section = crash__elf_section(&image, name);
    if (section && section->sh_type != SHT_NOBITS) {
        *ret_address = section->sh_addr;
        *ret_size = section->sh_size;
    } else {
        section = NULL;
    }
    crash__elf_close(&image);
    return section ? 0 : -ENOENT;
}

void crash__symbols_free(struct symbols *symbols)
{
    free(symbols->symbol);
    if (symbols->fd >= 0)
        close(symbols->fd);
    *symbols = (struct symbols){.fd = -1};
}

/* Reads a name as far as the file goes. Returns its length. */
static size_t read_name(const struct symbols *symbols, uint64_t at, char *ret_name, size_t room)
{
    ssize_t got;

    if (symbols->bytes) {
        memcpy(ret_name, symbols->bytes + at, room - 1);
        return room - 1;
    }
    if (symbols->memory)
        return crash__memory_text(symbols->memory, at, ret_name, room) == 0 ? strlen(ret_name) : 0;
    got = pread(symbols->fd, ret_name, room - 1, (off_t)at);
    return got > 0 ? (size_t)got : 0;
}

static void copy_name(const struct symbols *symbols, const ElfW(Sym) *symbol, char *ret_name,
                      size_t room)
{
    size_t length = 0;

    if (symbol->st_name < symbols->names_size) {
        if (symbols->names_size - symbol->st_name < room)
            room = symbols->names_size - symbol->st_name + 1;
        length = read_name(symbols, symbols->names + symbol->st_name, ret_name, room);
    }
    ret_name[length] = '\0';
}

void crash__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol,
                         char ret_name[SYMBOLS_NAME])
{
    copy_name(symbols, symbol, ret_name, SYMBOLS_NAME);
}

static bool is_function(const ElfW(Sym) *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/*
 * Ranks names of the same code: a global name is the one in the source, and names without a leading
 * underscore come before the implementation's own. An indirect function is none: the code is that
 * of the function that chooses it.
 */
static int rank(const struct symbols *symbols, const ElfW(Sym) *symbol)
{
    unsigned binding = ELF64_ST_BIND(symbol->st_info);
    bool direct = ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC;
    char name[2];

    copy_name(symbols, symbol, name, sizeof name);
    return (name[0] == '_' ? 0 : 1) + (direct ? 8 : 0) +
           (binding == STB_GLOBAL ? 4 : binding == STB_WEAK ? 2 : 0);
}

/*
 * Returns the symbol with the higher rank. Ranks need the name, so the best one's is computed once.
 */
static const ElfW(Sym) *higher(const struct symbols *symbols, const ElfW(Sym) *best,
                               const ElfW(Sym) *other, int *best_rank)
{
    int other_rank = rank(symbols, other);

    if (*best_rank < 0)
        *best_rank = rank(symbols, best);
    if (other_rank <= *best_rank)
        return best;
    *best_rank = other_rank;
    return other;
}

const ElfW(Sym) *crash__symbols_covering(const struct symbols *symbols, uint64_t address)
{
    const ElfW(Sym) *best = NULL;
    int best_rank = -1;    /* not known */

    for (size_t i = 0; i < symbols->count; i++) {
        const ElfW(Sym) *symbol = &symbols->symbol[i];

        if (address - symbol->st_value >= symbol->st_size || !is_function(symbol))
            continue;
        if (!best || symbol->st_value > best->st_value) {
            best = symbol;
            best_rank = -1;
        } else if (symbol->st_value == best->st_value) {
            best = higher(symbols, best, symbol, &best_rank);
        }
    }
    return best;
}

const ElfW(Sym) *crash__symbols_variable(const struct symbols *symbols, const char *name,
                                         uint64_t size)
{
    char found[VARIABLE_NAME];

    for (size_t i = 0; i < symbols->count; i++) {
        const ElfW(Sym) *symbol = &symbols->symbol[i];

        if (symbol->st_size != size || symbol->st_shndx == SHN_UNDEF ||
            ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
            continue;
        copy_name(symbols, symbol, found, sizeof found);
        if (strcmp(found, name) == 0)
            return symbol;
    }
    return NULL;
}
