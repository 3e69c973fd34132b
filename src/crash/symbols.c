/*
 * symbols.c - symbol tables of ELF files and of the vDSO
 */
#include "src/crash/symbols.h"

#include "src/base/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tables are read, not mapped: if a mapped file shrinks, reading it kills the process. */
enum { TABLE_LIMIT = 48 << 20, SECTIONS = 4096, NOTES_LIMIT = 4096,
       SECTION_NAME = 32 };

/* An ELF image: in a file, or (the vDSO) in the process's memory. */
struct image {
    int fd;
    struct memory *memory;
    uint64_t start;
    ElfW(Ehdr) head;
    ElfW(Shdr) *section;
};

static int image_read(const struct image *image, uint64_t offset, void *ret_bytes, size_t size)
{
    if (image->fd < 0)
        return crash__memory_read(image->memory, image->start + offset, ret_bytes, size);
    return pread(image->fd, ret_bytes, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

static void *image_copy(const struct image *image, uint64_t offset, uint64_t size)
{
    void *copy = size > 0 && size <= TABLE_LIMIT ? malloc(size) : NULL;

    if (copy && image_read(image, offset, copy, size) == 0)
        return copy;
    free(copy);
    return NULL;
}

static int image_open(struct image *image)
{
    if (image_read(image, 0, &image->head, sizeof image->head) != 0)
        return -ENOENT;
    if (memcmp(image->head.e_ident, ELFMAG, SELFMAG) != 0 ||
        image->head.e_shentsize != sizeof *image->section || image->head.e_shnum > SECTIONS)
        return -ENOENT;
    image->section = image_copy(image, image->head.e_shoff,
                                (uint64_t)image->head.e_shnum * sizeof *image->section);
    return image->section ? 0 : -ENOENT;
}

static bool has_name(const struct image *image, const ElfW(Shdr) *section, const char *name)
{
    const ElfW(Shdr) *names = &image->section[image->head.e_shstrndx];
    char found[SECTION_NAME];
    size_t size = strlen(name) + 1;

    return section->sh_name < names->sh_size && size <= sizeof found &&
           image_read(image, names->sh_offset + section->sh_name, found, size) == 0 &&
           memcmp(found, name, size) == 0;
}

static const ElfW(Shdr) *section_of_name(const struct image *image, const char *name)
{
    if (image->head.e_shstrndx >= image->head.e_shnum)
        return NULL;
    for (size_t i = 0; i < image->head.e_shnum; i++)
        if (has_name(image, &image->section[i], name))
            return &image->section[i];
    return NULL;
}

static const ElfW(Shdr) *section_of_type(const struct image *image, uint32_t type)
{
    for (size_t i = 0; i < image->head.e_shnum; i++)
        if (image->section[i].sh_type == type)
            return &image->section[i];
    return NULL;
}

static bool note_matches(const struct image *image, const ElfW(Shdr) *section,
                         const struct module *module)
{
    unsigned char bytes[NOTES_LIMIT];
    struct notes notes = { bytes, section->sh_size, section->sh_addralign };
    struct note note;

    return section->sh_type == SHT_NOTE && section->sh_size <= sizeof bytes &&
           image_read(image, section->sh_offset, bytes, section->sh_size) == 0 &&
           base__notes_build_id(notes, MODULE_BUILD_ID, &note) &&
           note.size == module->build_id_size &&
           memcmp(note.data, module->build_id, note.size) == 0;
}

/* Without a build-id the inode is compared. */
static bool is_mapped_image(const struct image *image, const struct module *module)
{
    struct stat status;
    bool matches = false;

    if (module->build_id_size == 0)
        return fstat(image->fd, &status) == 0 && status.st_ino == module->inode;
    for (size_t i = 0; !matches && i < image->head.e_shnum; i++)
        matches = note_matches(image, &image->section[i], module);
    return matches;
}

static int load(const struct image *image, uint32_t type, struct symbols *ret_symbols)
{
    const ElfW(Shdr) *table = section_of_type(image, type), *names;
    size_t count = table ? table->sh_size / sizeof *ret_symbols->symbol : 0;
    ElfW(Sym) *symbol;

    if (!table || table->sh_link >= image->head.e_shnum || table->sh_entsize != sizeof *symbol)
        return -ENOENT;
    names = &image->section[table->sh_link];
    symbol = image_copy(image, table->sh_offset, count * sizeof *symbol);
    if (!symbol)
        return -ENOMEM;
    *ret_symbols = (struct symbols){
        .symbol = symbol, .count = count, .fd = image->fd, .memory = image->memory,
        .names = image->start + names->sh_offset, .names_size = names->sh_size,
    };
    return 0;
}

static int load_from(struct image *image, const struct module *module, uint32_t type,
                     struct symbols *ret_symbols)
{
    int error = image_open(image);

    if (!error && (image->memory || is_mapped_image(image, module)))
        error = load(image, type, ret_symbols);
    else
        error = -ENOENT;
    free(image->section);
    return error;
}

static int load_file(int fd, const struct module *module, uint32_t type,
                     struct symbols *ret_symbols)
{
    struct image image = {.fd = fd};

    return fd < 0 ? -ENOENT : load_from(&image, module, type, ret_symbols);
}

int crash__symbols_read(struct symbols *ret_symbols, const struct module *module, int file,
                        int debug)
{
    int error;

    *ret_symbols = (struct symbols){.fd = -1};
    error = load_file(file, module, SHT_SYMTAB, ret_symbols);
    if (error)
        error = load_file(debug, module, SHT_SYMTAB, ret_symbols);
    if (error)
        error = load_file(file, module, SHT_DYNSYM, ret_symbols);
    if (file != ret_symbols->fd && file >= 0)
        close(file);
    if (debug != ret_symbols->fd && debug >= 0)
        close(debug);
    return error;
}

int crash__symbols_read_vdso(struct symbols *ret_symbols, const struct module *module,
                             struct memory *memory)
{
    struct image image = {.fd = -1, .memory = memory, .start = module->start};

    *ret_symbols = (struct symbols){.fd = -1};
    return load_from(&image, module, SHT_DYNSYM, ret_symbols);
}

int crash__symbols_section(const struct module *module, int file, const char *name,
                           uint64_t *ret_address, uint64_t *ret_size)
{
    struct image image = {.fd = file};
    const ElfW(Shdr) *section = NULL;

    if (file < 0)
        return -ENOENT;
    if (image_open(&image) == 0 && is_mapped_image(&image, module))
        section = section_of_name(&image, name);
    if (section && section->sh_type != SHT_NOBITS) {
        *ret_address = section->sh_addr;
        *ret_size = section->sh_size;
    } else {
        section = NULL;
    }
    free(image.section);
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

    if (symbols->memory)
        return crash__memory_text(symbols->memory, at, ret_name, room) == 0 ? strlen(ret_name) : 0;
    got = pread(symbols->fd, ret_name, room - 1, (off_t)at);
    return got > 0 ? (size_t)got : 0;
}

void crash__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol,
                         char ret_name[SYMBOLS_NAME])
{
    size_t length = 0, room = SYMBOLS_NAME;

    if (symbol->st_name < symbols->names_size) {
        if (symbols->names_size - symbol->st_name < room)
            room = symbols->names_size - symbol->st_name + 1;
        length = read_name(symbols, symbols->names + symbol->st_name, ret_name, room);
    }
    ret_name[length] = '\0';
}

static bool is_function(const ElfW(Sym) *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/*
 * Ranks names of the same code: a global name is the one in the source, and names without a leading
 * underscore come before the implementation's own.
 */
static int rank(const struct symbols *symbols, const ElfW(Sym) *symbol)
{
    unsigned binding = ELF64_ST_BIND(symbol->st_info);
    char name[SYMBOLS_NAME];

    crash__symbols_name(symbols, symbol, name);
    return (name[0] == '_' ? 0 : 1) + (binding == STB_GLOBAL ? 4 : binding == STB_WEAK ? 2 : 0);
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
    char found[SYMBOLS_NAME];

    for (size_t i = 0; i < symbols->count; i++) {
        const ElfW(Sym) *symbol = &symbols->symbol[i];

        if (symbol->st_size != size || symbol->st_shndx == SHN_UNDEF ||
            ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
            continue;
        crash__symbols_name(symbols, symbol, found);
        if (strcmp(found, name) == 0)
            return symbol;
    }
    return NULL;
}
