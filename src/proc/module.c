/*
 * module.c - functions as they travel: a module and an offset in it, checked on the other side
 *
 * A child is a fork of the image at init, so the modules of that moment lie at the same addresses
 * there, and are remembered. A library that was loaded later is known to a child by its build-id alone:
 * the child loads it for itself, and compares.
 */
#include "src/proc/internal.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* The bases of the modules that were there at init; children have the same list. */
static struct {
    uint64_t *bases;
    size_t count;
} known;

static int remember(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    uint64_t *bases = realloc(known.bases, (known.count + 1) * sizeof *bases);
    if (!bases)
        return 1;
    known.bases = bases;
    bases[known.count++] = info->dlpi_addr;
    return 0;
}

void procspawn__modules_remember(void)
{
    known.count = 0;
    dl_iterate_phdr(remember, NULL);
}

static bool known_base(uint64_t base)
{
    for (size_t i = 0; i < known.count; i++) {
        if (known.bases[i] == base)
            return true;
    }
    return false;
}

/* Looks through one note segment; names and descriptions are padded to four bytes. */
static void read_notes(const char *at, const char *end, struct wire_function *function)
{
    while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        size_t name = (note->n_namesz + 3U) & ~3U, description = (note->n_descsz + 3U) & ~3U;
        if (name + description > (size_t)(end - at) - sizeof *note)
            return;
        const char *text = at + sizeof *note;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= WIRE_BUILD_ID_MAX) {
            function->build_id_length = note->n_descsz;
            memcpy(function->build_id, text + name, note->n_descsz);
            return;
        }
        at = text + name + description;
    }
}

static void read_build_id(const struct dl_phdr_info *info, struct wire_function *function)
{
    function->build_id_length = 0;
    for (int i = 0; i < info->dlpi_phnum && function->build_id_length == 0; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const char *start = (const char *)(info->dlpi_addr + segment->p_vaddr);
        if (segment->p_type == PT_NOTE)
            read_notes(start, start + segment->p_memsz, function);
    }
}

static bool executable_at(const struct dl_phdr_info *info, uint64_t offset)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) &&
            offset >= segment->p_vaddr && offset - segment->p_vaddr < segment->p_memsz)
            return true;
    }
    return false;
}

struct search {
    uint64_t address;
    struct wire_function function;
    const char *path;
    bool found;
};

static int find_address(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    (void)size;

    if (!executable_at(info, search->address - info->dlpi_addr))
        return 0;
    search->function.base = info->dlpi_addr;
    search->function.offset = search->address - info->dlpi_addr;
    read_build_id(info, &search->function);
    search->path = info->dlpi_name;
    search->found = true;
    return 1;
}

int procspawn__function_describe(procspawn_function *function, struct wire_function *ret_function,
                                 const char **ret_library)
{
    struct search search = { .address = (uint64_t)(uintptr_t)function };

    dl_iterate_phdr(find_address, &search);
    if (!search.found)
        return PROCSPAWN_EFUNCTION;
    bool late = !known_base(search.function.base);
    if (late && (search.function.build_id_length == 0 || search.path[0] != '/'))
        return PROCSPAWN_EFUNCTION;
    *ret_function = search.function;
    *ret_library = late ? search.path : NULL;
    return 0;
}

static bool same_module(const struct wire_function *a, const struct wire_function *b)
{
    return a->build_id_length == b->build_id_length &&
           memcmp(a->build_id, b->build_id, a->build_id_length) == 0;
}

/* The function as this process has it: by its build-id, or by its place if it was there at init. */
static int find_module(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    struct wire_function here;
    (void)size;

    read_build_id(info, &here);
    if (!same_module(&here, &search->function))
        return 0;
    if (here.build_id_length == 0 &&
        (info->dlpi_addr != search->function.base || !known_base(info->dlpi_addr)))
        return 0;
    if (!executable_at(info, search->function.offset))
        return 0;
    search->address = info->dlpi_addr + search->function.offset;
    search->found = true;
    return 1;
}

procspawn_function *procspawn__function_resolve(const struct wire_function *function,
                                                const char *library, const char **ret_reason)
{
    struct search search = { .function = *function };

    if (library && !dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
        *ret_reason = dlerror();
        return NULL;
    }
    dl_iterate_phdr(find_module, &search);
    if (!search.found) {
        *ret_reason = library ? library : "the function's module is not in the child";
        return NULL;
    }
    return (procspawn_function *)(uintptr_t)search.address;
}
