/*
 * modules.c - finds the ELF modules among the mappings of a process
 */
#include "src/crash/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Both paths come from the kernel, so they can be compared. */
static bool is_known(const struct modules *known, const struct mapping *mapping,
                     struct module *ret_module)
{
    for (size_t i = 0; known && i < known->count; i++) {
        const struct module *module = &known->module[i];

        if (module->start != mapping->start || module->head_end != mapping->end ||
            module->inode != mapping->inode || strcmp(module->path, mapping->path) != 0)
            continue;
        *ret_module = *module;
        return true;
    }
    return false;
}

/* A mapped file without code is data, not a module. It is not read: that could block. */
static bool has_code(const struct mappings *mappings, size_t place)
{
    const struct mapping *first = &mappings->mapping[place];

    for (size_t i = place; i < mappings->count; i++) {
        const struct mapping *mapping = &mappings->mapping[i];

        if (mapping->inode != first->inode || strcmp(mapping->path, first->path) != 0)
            return false;
        if (mapping->executable)
            return true;
    }
    return false;
}

static bool may_be_module(const struct mappings *mappings, size_t place)
{
    const struct mapping *mapping = &mappings->mapping[place];

    return (mapping->offset == 0 && mapping->readable && mapping->path[0] == '/' &&
            has_code(mappings, place)) ||
           strcmp(mapping->path, "[vdso]") == 0;
}

static bool has_module(const struct modules *modules, const struct module *module)
{
    for (size_t i = 0; i < modules->count; i++)
        if (modules->module[i].start == module->start)
            return true;
    return false;
}

/* Is code of the module still mapped from its file? */
static bool is_mapped(const struct mappings *mappings, const struct module *module)
{
    for (size_t i = 0; i < mappings->count; i++) {
        const struct mapping *mapping = &mappings->mapping[i];

        if (mapping->executable && mapping->start >= module->start &&
            mapping->end <= module->end && mapping->inode == module->inode &&
            strcmp(mapping->path, module->path) == 0)
            return true;
    }
    return false;
}

/* A process can unmap the first page of a module, and its code runs on. */
static void add_headless(struct modules *modules, const struct modules *known)
{
    for (size_t i = 0; i < known->count && modules->count < MODULES_MAX; i++) {
        const struct module *module = &known->module[i];

        if (!has_module(modules, module) && is_mapped(&modules->mappings, module))
            modules->module[modules->count++] = *module;
    }
}

int crash__modules_find(struct modules *modules, struct memory *memory, const struct modules *known)
{
    const struct mappings *mappings = &modules->mappings;

    modules->count = 0;
    modules->module = calloc(MODULES_MAX, sizeof *modules->module);
    if (!modules->module)
        return -ENOMEM;
    for (size_t i = 0; i < mappings->count && modules->count < MODULES_MAX; i++) {
        const struct mapping *mapping = &mappings->mapping[i];
        struct module *next = &modules->module[modules->count];

        if (may_be_module(mappings, i) &&
            (is_known(known, mapping, next) || crash__module_read(next, mapping, memory)))
            modules->count++;
    }
    if (known)
        add_headless(modules, known);
    return 0;
}

static int find_own(struct modules *modules)
{
    struct memory *memory = malloc(sizeof *memory);
    int error;

    if (!memory)
        return -ENOMEM;
    crash__memory_open(memory, getpid());
    error = crash__modules_find(modules, memory, NULL);
    crash__memory_close(memory);
    free(memory);
    return error;
}

int crash__modules_own(struct modules *ret_modules)
{
    struct modules modules;
    int maps = crash__mappings_open(getpid()), error;

    if (maps < 0)
        return maps;
    error = crash__mappings_read(&modules.mappings, maps);
    close(maps);
    if (error)
        return error;
    error = find_own(&modules);
    if (error)
        crash__modules_free(&modules);
    else
        *ret_modules = modules;
    return error;
}

void crash__modules_free(struct modules *modules)
{
    free(modules->module);
    crash__mappings_free(&modules->mappings);
    *modules = (struct modules){ .count = 0 };
}

/* As /usr/libexec/valgrind/memcheck-amd64-linux and vgpreload_core-amd64-linux.so beside it. */
bool crash__modules_of_valgrind(const struct modules *modules)
{
    static const char folder[] = "/valgrind/";

    for (size_t i = 0; i < modules->count; i++) {
        const char *name = strstr(modules->module[i].path, folder);

        if (name && !strchr(name + strlen(folder), '/') && strstr(name, "-linux"))
            return true;
    }
    return false;
}

const struct module *crash__modules_at(const struct modules *modules, uint64_t address)
{
    for (size_t i = 0; i < modules->count; i++)
        if (address >= modules->module[i].start && address < modules->module[i].end)
            return &modules->module[i];
    return NULL;
}
