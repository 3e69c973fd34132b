/*
 * elf_image.c - reads section tables
 */
#include "src/crash/elf_image.h"

#include "src/base/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tables are read, not mapped: if a mapped file shrinks, reading it kills the process. */
enum { TABLE_LIMIT = 48 << 20, SECTIONS = 4096, NOTES_LIMIT = 4096, NAMES_LIMIT = 1 << 20 };

int crash__elf_read(const struct elf_image *image, uint64_t offset, void *ret_bytes, size_t size)
{
    if (image->memory)
        return crash__memory_read(image->memory, image->start + offset, ret_bytes, size);
    if (image->fd >= 0)
        return pread(image->fd, ret_bytes, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
    if (offset > image->size || size > image->size - offset)
        return -EIO;
    memcpy(ret_bytes, image->bytes + offset, size);
    return 0;
}

void *crash__elf_copy(const struct elf_image *image, uint64_t offset, uint64_t size)
{
    void *copy = size > 0 && size <= TABLE_LIMIT ? malloc(size) : NULL;

    if (copy && crash__elf_read(image, offset, copy, size) == 0)
        return copy;
    free(copy);
    return NULL;
}

int crash__elf_open(struct elf_image *image)
{
    image->section = NULL;
    image->names = NULL;
    image->names_size = 0;
    if (crash__elf_read(image, 0, &image->head, sizeof image->head) != 0)
        return -ENOENT;
    if (memcmp(image->head.e_ident, ELFMAG, SELFMAG) != 0 ||
        image->head.e_shentsize != sizeof *image->section || image->head.e_shnum > SECTIONS)
        return -ENOENT;
    image->section = crash__elf_copy(image, image->head.e_shoff,
                                     (uint64_t)image->head.e_shnum * sizeof *image->section);
    return image->section ? 0 : -ENOENT;
}

void crash__elf_close(struct elf_image *image)
{
    free(image->section);
    free(image->names);
    image->section = NULL;
    image->names = NULL;
}

static bool read_names(struct elf_image *image)
{
    const ElfW(Shdr) *names;

    if (image->names)
        return true;
    if (image->head.e_shstrndx >= image->head.e_shnum)
        return false;
    names = &image->section[image->head.e_shstrndx];
    if (names->sh_size <= NAMES_LIMIT)
        image->names = crash__elf_copy(image, names->sh_offset, names->sh_size);
    image->names_size = image->names ? names->sh_size : 0;
    return image->names != NULL;
}

const ElfW(Shdr) *crash__elf_section(struct elf_image *image, const char *name)
{
    size_t size = strlen(name) + 1;

    if (!read_names(image))
        return NULL;
    for (size_t i = 0; i < image->head.e_shnum; i++) {
        uint32_t at = image->section[i].sh_name;

        if (at < image->names_size && size <= image->names_size - at &&
            memcmp(image->names + at, name, size) == 0)
            return &image->section[i];
    }
    return NULL;
}

const ElfW(Shdr) *crash__elf_section_of_type(const struct elf_image *image, uint32_t type)
{
    for (size_t i = 0; i < image->head.e_shnum; i++)
        if (image->section[i].sh_type == type)
            return &image->section[i];
    return NULL;
}

static bool note_matches(const struct elf_image *image, const ElfW(Shdr) *section,
                         const struct module *module)
{
    unsigned char bytes[NOTES_LIMIT];
    struct notes notes = { bytes, section->sh_size, section->sh_addralign };
    struct note note;

    return section->sh_type == SHT_NOTE && section->sh_size <= sizeof bytes &&
           crash__elf_read(image, section->sh_offset, bytes, section->sh_size) == 0 &&
           base__notes_build_id(notes, MODULE_BUILD_ID, &note) &&
           note.size == module->build_id_size &&
           memcmp(note.data, module->build_id, note.size) == 0;
}

bool crash__elf_has_build_id(const struct elf_image *image, const struct module *module)
{
    for (size_t i = 0; i < image->head.e_shnum; i++)
        if (note_matches(image, &image->section[i], module))
            return true;
    return false;
}

bool crash__elf_is_mapped(const struct elf_image *image, const struct module *module)
{
    struct stat status;

    if (module->build_id_size == 0)
        return fstat(image->fd, &status) == 0 && status.st_ino == module->inode;
    return crash__elf_has_build_id(image, module);
}
