/*
 * elf_image.h - the sections of an ELF image, of which nothing is trusted
 *
 * The image is a file, or lies in the memory of a process (the vDSO), or in that of this process
 * (what was compressed in another one).
 */
#ifndef FORKSCOPE_CRASH_ELF_IMAGE_H
#define FORKSCOPE_CRASH_ELF_IMAGE_H

#include "src/crash/module.h"
#include "src/crash/remote_memory.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first members say where it is, and are set by the caller; all are borrowed. */
struct elf_image {
    int fd;                  /* -1: it is no file */
    struct memory *memory;   /* it lies there at start; NULL: it does not */
    uint64_t start;
    const unsigned char *bytes;
    size_t size;             /* of the bytes; else 0 */
    ElfW(Ehdr) head;
    ElfW(Shdr) *section;     /* head.e_shnum of them */
    char *names;             /* of the sections; read when the first is looked up */
    size_t names_size;
};

/* Reads header and sections. Returns 0, or -ENOENT; then there is nothing to close. */
int crash__elf_open(struct elf_image *image);
void crash__elf_close(struct elf_image *image);

/* Reads from the image. Returns 0 or a negative errno value. */
int crash__elf_read(const struct elf_image *image, uint64_t offset, void *ret_bytes, size_t size);
/* Returns a copy, for free(3); NULL if it is too large, cannot be read, or memory is short. */
void *crash__elf_copy(const struct elf_image *image, uint64_t offset, uint64_t size);

/* Return a section, borrowed; NULL: there is none. */
const ElfW(Shdr) *crash__elf_section(struct elf_image *image, const char *name);
const ElfW(Shdr) *crash__elf_section_of_type(const struct elf_image *image, uint32_t type);

bool crash__elf_has_build_id(const struct elf_image *image, const struct module *module);

/* Is it the file that the module was mapped from? Without a build-id the inode is compared. */
bool crash__elf_is_mapped(const struct elf_image *image, const struct module *module);

#endif
