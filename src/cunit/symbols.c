/*
 * symbols.c - looks up a function's name in the .symtab of an ELF file
 */
#include "src/cunit/symbols.h"

#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    const char *bytes;
    size_t size;
};

/* Returns a part of the file; NULL if the file is shorter. */
static const void *part(const struct file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset ? file->bytes + offset : NULL;
}

static const ElfW(Shdr) * symbol_table(const struct file *file, const ElfW(Shdr) * *ret_names)
{
    const ElfW(Ehdr) *header = part(file, 0, sizeof(*header));
    const ElfW(Shdr) * sections;

    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_shentsize != sizeof(*sections))
        return NULL;
    sections = part(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections));
    for (int i = 0; sections && i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum)
            continue;
        *ret_names = &sections[sections[i].sh_link];
        return &sections[i];
    }
    return NULL;
}

static bool covers(const ElfW(Sym) * symbol, uintptr_t address)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF &&
           address >= symbol->st_value && address - symbol->st_value < symbol->st_size;
}

static long look_up(const struct file *file, uintptr_t address, char *ret_name, size_t size)
{
    const ElfW(Shdr) *names = NULL, *table = symbol_table(file, &names);
    const ElfW(Sym) *symbols = table ? part(file, table->sh_offset, table->sh_size) : NULL;
    const char *text = table ? part(file, names->sh_offset, names->sh_size) : NULL;

    for (size_t i = 0; symbols && text && i < table->sh_size / sizeof(*symbols); i++) {
        const ElfW(Sym) *symbol = &symbols[i];

        if (!covers(symbol, address) || symbol->st_name >= names->sh_size)
            continue;
        snprintf(ret_name, size, "%.*s", (int)(names->sh_size - symbol->st_name),
                 text + symbol->st_name);
        return (long)(address - symbol->st_value);
    }
    return -1;
}

long procspawn__cunit_symbol(const char *path, uintptr_t address, char *ret_name, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    struct file file;
    void *memory;
    long distance;

    if (fd < 0)
        return -1;
    memory = fstat(fd, &about) == 0 && about.st_size > 0
                 ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                 : MAP_FAILED;
    close(fd);
    if (memory == MAP_FAILED)
        return -1;
    file = (struct file){ memory, (size_t)about.st_size };
    distance = look_up(&file, address, ret_name, size);
    munmap(memory, file.size);
    return distance;
}
