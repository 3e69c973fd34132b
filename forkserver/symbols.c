#include "forkserver/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read, not mapped: a file that shrinks while it is mapped would kill the reader. */
enum { TABLE_LIMIT = 256 << 20, SECTIONS = 4096 };

/* An ELF image, in a file or (the vDSO) in the process's memory. */
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
        return forkserver__memory_read(image->memory, image->start + offset, ret_bytes, size);
    return pread(image->fd, ret_bytes, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

/* One byte more than asked for, zero: strings end. */
static void *image_copy(const struct image *image, uint64_t offset, uint64_t size)
{
    char *copy = size <= TABLE_LIMIT ? malloc(size + 1) : NULL;

    if (!copy)
        return NULL;
    if (image_read(image, offset, copy, size) != 0) {
        free(copy);
        return NULL;
    }
    copy[size] = '\0';
    return copy;
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

static void image_close(struct image *image)
{
    free(image->section);
    if (image->fd >= 0)
        close(image->fd);
}

static const ElfW(Shdr) *section_of_type(const struct image *image, uint32_t type)
{
    for (size_t i = 0; i < image->head.e_shnum; i++)
        if (image->section[i].sh_type == type)
            return &image->section[i];
    return NULL;
}

static bool note_matches(const unsigned char *note, size_t size, const struct module *module)
{
    ElfW(Nhdr) head;

    if (size < sizeof head + 4)
        return false;
    memcpy(&head, note, sizeof head);
    return head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
           head.n_descsz == module->build_id_size && size - sizeof head - 4 >= head.n_descsz &&
           memcmp(note + sizeof head + 4, module->build_id, head.n_descsz) == 0;
}

/* Without a build-id, the inode must do. */
static bool is_mapped_image(const struct image *image, const struct module *module)
{
    struct stat status;
    bool matches = false;

    if (module->build_id_size == 0)
        return fstat(image->fd, &status) == 0 && status.st_ino == module->inode;
    for (size_t i = 0; !matches && i < image->head.e_shnum; i++) {
        unsigned char *note;

        if (image->section[i].sh_type != SHT_NOTE || image->section[i].sh_size > 4096)
            continue;
        note = image_copy(image, image->section[i].sh_offset, image->section[i].sh_size);
        matches = note && note_matches(note, image->section[i].sh_size, module);
        free(note);
    }
    return matches;
}

static int load(const struct image *image, uint32_t type, struct symbols *ret_symbols)
{
    const ElfW(Shdr) *table = section_of_type(image, type), *names;
    struct symbols symbols = {0};

    if (!table || table->sh_link >= image->head.e_shnum ||
        table->sh_entsize != sizeof *symbols.symbol)
        return -ENOENT;
    names = &image->section[table->sh_link];
    symbols.count = table->sh_size / sizeof *symbols.symbol;
    symbols.symbol = image_copy(image, table->sh_offset, symbols.count * sizeof *symbols.symbol);
    symbols.names = image_copy(image, names->sh_offset, names->sh_size);
    symbols.names_size = names->sh_size;
    if (!symbols.symbol || !symbols.names) {
        forkserver__symbols_free(&symbols);
        return -ENOMEM;
    }
    *ret_symbols = symbols;
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
    image_close(image);
    return error;
}

static int load_file(const char *path, const struct module *module, uint32_t type,
                     struct symbols *ret_symbols)
{
    struct image image = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};

    return image.fd < 0 ? -ENOENT : load_from(&image, module, type, ret_symbols);
}

static bool is_executable(pid_t pid, const struct module *module, char *ret_path, size_t room)
{
    char target[PATH_MAX];
    ssize_t length;

    snprintf(ret_path, room, "/proc/%d/exe", (int)pid);
    length = readlink(ret_path, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    return strcmp(target, module->path) == 0;
}

/* Where the module's own bytes may be found: /proc/PID/exe and map_files reach a file that was
 * replaced or deleted, but the latter needs privilege. */
static int load_any(pid_t pid, const struct module *module, uint32_t type,
                    struct symbols *ret_symbols)
{
    char path[96];
    int error;

    if (is_executable(pid, module, path, sizeof path))
        return load_file(path, module, type, ret_symbols);
    error = load_file(module->path, module, type, ret_symbols);
    if (error != -ENOENT)
        return error;
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
             (unsigned long long)module->start, (unsigned long long)module->head_end);
    return load_file(path, module, type, ret_symbols);
}

static int load_debug(const struct module *module, struct symbols *ret_symbols)
{
    char path[64 + 2 * MODULES_BUILD_ID] = "/usr/lib/debug/.build-id/";
    size_t length = strlen(path);

    if (module->build_id_size < 2)
        return -ENOENT;
    for (size_t i = 0; i < module->build_id_size; i++)
        length += (size_t)sprintf(path + length, i == 0 ? "%02x/" : "%02x", module->build_id[i]);
    strcpy(path + length, ".debug");
    return load_file(path, module, SHT_SYMTAB, ret_symbols);
}

int forkserver__symbols_read(struct symbols *ret_symbols, const struct module *module,
                             struct memory *memory)
{
    struct image vdso = {.fd = -1, .memory = memory, .start = module->start};

    if (module->path[0] == '[')
        return load_from(&vdso, module, SHT_DYNSYM, ret_symbols);
    if (load_any(memory->pid, module, SHT_SYMTAB, ret_symbols) == 0 ||
        load_debug(module, ret_symbols) == 0)
        return 0;
    return load_any(memory->pid, module, SHT_DYNSYM, ret_symbols);
}

void forkserver__symbols_free(struct symbols *symbols)
{
    free(symbols->symbol);
    free(symbols->names);
    *symbols = (struct symbols){0};
}

static bool is_function(const ElfW(Sym) *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/* Of several names for the same code the global one is what people wrote, and one without leading
 * underscores before the implementation's own. */
static int rank(const struct symbols *symbols, const ElfW(Sym) *symbol)
{
    unsigned binding = ELF64_ST_BIND(symbol->st_info);
    int rank = forkserver__symbols_name(symbols, symbol)[0] == '_' ? 0 : 1;

    return rank + (binding == STB_GLOBAL ? 4 : binding == STB_WEAK ? 2 : 0);
}

const ElfW(Sym) *forkserver__symbols_covering(const struct symbols *symbols, uint64_t address)
{
    const ElfW(Sym) *best = NULL;

    for (size_t i = 0; i < symbols->count; i++) {
        const ElfW(Sym) *symbol = &symbols->symbol[i];

        if (address - symbol->st_value >= symbol->st_size || !is_function(symbol))
            continue;
        if (!best || symbol->st_value > best->st_value ||
            (symbol->st_value == best->st_value && rank(symbols, symbol) > rank(symbols, best)))
            best = symbol;
    }
    return best;
}

const ElfW(Sym) *forkserver__symbols_named(const struct symbols *symbols, const char *name)
{
    for (size_t i = 0; i < symbols->count; i++)
        if (symbols->symbol[i].st_shndx != SHN_UNDEF &&
            strcmp(forkserver__symbols_name(symbols, &symbols->symbol[i]), name) == 0)
            return &symbols->symbol[i];
    return NULL;
}

const char *forkserver__symbols_name(const struct symbols *symbols, const ElfW(Sym) *symbol)
{
    return symbol->st_name < symbols->names_size ? symbols->names + symbol->st_name : "";
}
