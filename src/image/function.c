/*
 * function.c - function pointers as messages carry them: a module and an offset in it
 *
 * A child is a fork of the process at init, so the modules of that moment lie at the same addresses
 * in both; init makes a list of them. A library that was loaded later is identified by its
 * build-id: the child loads it by its path and compares the build-ids.
 *
 * A module without a build-id is identified by its address. That is enough until a library is
 * unloaded; then the same file must still be mapped at that address.
 */
#include "src/image/function.h"

#include "src/base/notes.h"
#include "src/base/written.h"
#include "src/image/library_path.h"
#include "src/image/mapped_file.h"
#include "src/image/modules.h"
#include "src/wire/call.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program vouches for its functions: they are sent as plain addresses. Never reset. */
static bool unchecked;

void procspawn_assert_spawn_is_safe(void)
{
    __atomic_store_n(&unchecked, true, __ATOMIC_RELAXED);
}

static void read_build_id(const struct dl_phdr_info *info, struct wire_function *function)
{
    function->build_id_length = 0;
    for (int i = 0; i < info->dlpi_phnum && function->build_id_length == 0; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const struct notes notes = { (const void *)(info->dlpi_addr + segment->p_vaddr),
                                     segment->p_memsz, segment->p_align };
        struct note note;
        if (segment->p_type != PT_NOTE || !base__notes_build_id(notes, WIRE_BUILD_ID_MAX, &note))
            continue;
        function->build_id_length = (uint32_t)note.size;
        memcpy(function->build_id, note.data, note.size);
    }
}

/* A module that was loaded at init; children inherit the list. */
struct known {
    struct wire_function at;    /* base and build-id */
    uint64_t code_start;        /* offsets of its executable segment */
    uint64_t code_end;
    bool has_file;              /* `file` is set; only looked up without a build-id */
    struct procspawn__mapped file;
};

static struct {
    struct known *modules;
    size_t count;
    unsigned long long unloads; /* dlpi_subs at init: libraries unloaded until then */
} known;

/* Start of its code: a page that is always mapped from the file. */
static uint64_t code_of(const struct known *module)
{
    return module->at.base + module->code_start;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    known.unloads = info->dlpi_subs;
    struct known *modules = realloc(known.modules, (known.count + 1) * sizeof *modules);
    if (!modules)
        return 1;
    known.modules = modules;
    struct known *module = &modules[known.count++];
    *module = (struct known){ .at.base = info->dlpi_addr };
    read_build_id(info, &module->at);
    for (int i = 0; i < info->dlpi_phnum && module->code_end == 0; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        module->code_start = segment->p_vaddr;
        module->code_end = segment->p_vaddr + segment->p_memsz;
    }
    if (module->at.build_id_length == 0)
        module->has_file = procspawn__mapped_at(code_of(module), &module->file);
    return 0;
}

int procspawn__modules_record(void)
{
    known.count = 0;
    procspawn__library_reset();
    int rc = procspawn__modules_guard();
    if (rc == 0 && procspawn__modules_walk(add_module, NULL) != 0)
        rc = -ENOMEM;
    return rc;
}

static bool same_module(const struct wire_function *a, const struct wire_function *b)
{
    if (a->build_id_length != b->build_id_length)
        return false;
    for (uint32_t i = 0; i < a->build_id_length; i++) {
        if (a->build_id[i] != b->build_id[i])
            return false;
    }
    return true;
}

static bool still_there(const struct known *module, unsigned long long unloads)
{
    struct procspawn__mapped now;

    if (module->at.build_id_length > 0 || unloads == known.unloads)
        return true;
    return module->has_file && procspawn__mapped_at(code_of(module), &now) &&
           now.inode == module->file.inode && now.major == module->file.major &&
           now.minor == module->file.minor;
}

static bool is_same_function(const struct wire_function *a, const struct wire_function *b)
{
    return a->offset == b->offset && a->base == b->base && same_module(a, b);
}

/* By address and build-id: another library may have been loaded where one was unloaded. */
static const struct known *find_known(const struct wire_function *function,
                                      unsigned long long unloads)
{
    for (size_t i = 0; i < known.count; i++) {
        const struct known *module = &known.modules[i];
        if (module->at.base == function->base && same_module(&module->at, function))
            return still_there(module, unloads) ? module : NULL;
    }
    return NULL;
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

/* What a list of modules looked like. A list with the same numbers is the same. */
struct state {
    unsigned long long loads, unloads;  /* dlpi_adds, dlpi_subs */
};

static struct state state_of(const struct dl_phdr_info *info)
{
    return (struct state){ info->dlpi_adds, info->dlpi_subs };
}

static bool is_same(const struct dl_phdr_info *info, struct state then)
{
    return info->dlpi_adds == then.loads && info->dlpi_subs == then.unloads;
}

struct search {
    uint64_t address;
    struct wire_function function;
    const char *path;
    unsigned long long unloads;
    bool found;
};

/*
 * What the last search of each kind has found: most calls are of the function of the call before.
 * The lock of walks guards it.
 */
static struct {
    struct state state;
    struct search search;
} last_described, last_resolved BASE_WRITTEN;

static int find_address(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    (void)size;

    if (last_described.search.found && last_described.search.address == search->address &&
        is_same(info, last_described.state)) {
        *search = last_described.search;
        return 1;
    }
    if (!executable_at(info, search->address - info->dlpi_addr))
        return 0;
    search->function.base = info->dlpi_addr;
    search->function.offset = search->address - info->dlpi_addr;
    read_build_id(info, &search->function);
    search->path = info->dlpi_name;
    search->unloads = info->dlpi_subs;
    search->found = true;
    last_described.state = state_of(info);
    last_described.search = *search;
    return 1;
}

int procspawn__function_describe(procspawn_function *function, struct wire_function *ret_function,
                                 char **ret_library)
{
    struct search search = { .address = (uint64_t)(uintptr_t)function };

    *ret_library = NULL;
    if (__atomic_load_n(&unchecked, __ATOMIC_RELAXED)) {
        *ret_function = (struct wire_function){ .offset = search.address, .unchecked = 1 };
        return 0;
    }
    procspawn__modules_walk(find_address, &search);
    if (!search.found)
        return PROCSPAWN_EFUNCTION;
    *ret_function = search.function;
    if (find_known(&search.function, search.unloads))
        return 0;
    if (search.function.build_id_length == 0)
        return PROCSPAWN_EFUNCTION;
    *ret_library = procspawn__library_path(&(struct procspawn__library){
        search.path, search.function.base, search.address, search.unloads });
    return *ret_library ? 0 : PROCSPAWN_EFUNCTION;
}

void procspawn__function_refusal(procspawn_function *function, char *ret_text, size_t size)
{
    struct search search = { .address = (uint64_t)(uintptr_t)function };

    if (function)
        procspawn__modules_walk(find_address, &search);
    const char *path = search.path && *search.path != '\0' ? search.path : "a library";
    if (!function)
        snprintf(ret_text, size, "NULL is no function");
    else if (!search.found)
        snprintf(ret_text, size, "the function is in no module (a nested function?)");
    else if (search.function.build_id_length == 0)
        snprintf(ret_text, size,
                 "the function is in %s, which has no build-id and was loaded after init", path);
    else
        snprintf(ret_text, size, "the function is in %s, whose file cannot be found", path);
}

/*
 * Finds the function's address in this process: the module has the same build-id or, without a
 * build-id, was at the same address at init.
 */
static int find_module(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    struct wire_function here;
    (void)size;

    if (last_resolved.search.found && is_same(info, last_resolved.state) &&
        is_same_function(&last_resolved.search.function, &search->function)) {
        *search = last_resolved.search;
        return 1;
    }
    read_build_id(info, &here);
    if (!same_module(&here, &search->function))
        return 0;
    here.base = info->dlpi_addr;
    if (here.build_id_length == 0 &&
        (here.base != search->function.base || !find_known(&here, info->dlpi_subs)))
        return 0;
    if (!executable_at(info, search->function.offset))
        return 0;
    search->address = info->dlpi_addr + search->function.offset;
    search->found = true;
    last_resolved.state = state_of(info);
    last_resolved.search = *search;
    return 1;
}

/* The reason if dlopen succeeded but no loaded module matches. Static memory. */
static const char *not_in(const char *library)
{
    static char reason[PATH_MAX + 64];

    snprintf(reason, sizeof reason, "%s is not the library that the caller has loaded", library);
    return reason;
}

procspawn_function *procspawn__function_resolve(const struct wire_function *function,
                                                const char *library, bool fresh,
                                                const char **ret_reason)
{
    struct search search = { .function = *function };
    const struct known *module = fresh && !library ? find_known(function, known.unloads) : NULL;

    if (function->unchecked)
        return (procspawn_function *)(uintptr_t)function->offset;
    if (module && function->offset >= module->code_start && function->offset < module->code_end)
        return (procspawn_function *)(uintptr_t)(function->base + function->offset);
    if (library && !dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
        *ret_reason = dlerror();
        return NULL;
    }
    procspawn__modules_walk(find_module, &search);
    if (!search.found) {
        *ret_reason = library ? not_in(library) : "the function's module is not in the child";
        return NULL;
    }
    return (procspawn_function *)(uintptr_t)search.address;
}
