/*
 * dwarf.c - looks up code in debug information
 */
#include "src/debug/dwarf.h"

#include "src/config.h"

#include <errno.h>

#ifdef HAVE_DW

#include "src/base/clock.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bounds what hostile information can lead to; entries may follow each other in a circle. */
enum {
    STEPS_LIMIT = 4000000,    /* entries and units that are looked at */
    STEPS_A_LOOK = 128,       /* between two looks at the clock */
    DEPTH_LIMIT = 8,          /* of namespaces and types that functions lie in */
    BLOCKS_LIMIT = 1024,      /* of blocks inside a function */
};

#define FUNCTIONS(each) \
    each(elf_version) each(elf_begin) each(elf_end) each(dwarf_begin_elf) each(dwarf_end) \
    each(dwarf_addrdie) each(dwarf_nextcu) each(dwarf_offdie) each(dwarf_cu_info) \
    each(dwarf_haspc) each(dwarf_child) each(dwarf_siblingof) each(dwarf_tag) \
    each(dwarf_attr_integrate) each(dwarf_formstring) each(dwarf_formudata) \
    each(dwarf_diename) each(dwarf_getsrc_die) each(dwarf_linesrc) each(dwarf_lineno) \
    each(dwarf_getsrcfiles) each(dwarf_filesrc) each(dwelf_dwarf_gnu_debugaltlink)
#define DECLARE(name) __typeof__(name) *name;

struct dwarf {
    void *library;
    int64_t deadline;
    unsigned steps;
    FUNCTIONS(DECLARE)
};

struct dwarf_file {
    struct dwarf *dwarf;
    int fd;
    Elf *elf;
    Dwarf *info;
    char path[PATH_MAX];    /* of the file, as libdw finds it; "": not known */
};

/* dlsym returns an object pointer; POSIX guarantees that its bytes are the function's address. */
static bool bind(const struct dwarf *dwarf, const char *name, void *ret_function)
{
    void *symbol = dlsym(dwarf->library, name);

    memcpy(ret_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

#define BIND(name) && bind(dwarf, #name, &dwarf->name)

/*
 * libdw has thread-local variables. Those of a library that a static program loads cannot be used:
 * that program's threads are not known to the dynamic linker that the library is bound to.
 */
static bool has_thread_locals(void)
{
    return dlsym(RTLD_DEFAULT, "__tls_get_addr") != NULL;
}

static bool load(struct dwarf *dwarf)
{
    if (!has_thread_locals())
        return false;
    dwarf->library = dlopen(DW_SONAME, RTLD_LAZY | RTLD_LOCAL);
    return dwarf->library FUNCTIONS(BIND) && dwarf->elf_version(EV_CURRENT) != EV_NONE;
}

int debug__dwarf_new(struct dwarf **ret_dwarf, int64_t deadline)
{
    struct dwarf *dwarf = calloc(1, sizeof *dwarf);

    if (!dwarf)
        return -ENOMEM;
    dwarf->deadline = deadline;
    if (!load(dwarf)) {
        debug__dwarf_free(dwarf);
        return -ELIBACC;
    }
    *ret_dwarf = dwarf;
    return 0;
}

void debug__dwarf_free(struct dwarf *dwarf)
{
    if (dwarf && dwarf->library)
        dlclose(dwarf->library);
    free(dwarf);
}

/* ---- further files, whose names the information tells ---- */

/*
 * libdw opens them by itself, and waits: the name may be a child's, and that of a pipe or device.
 * Where there is nothing, or no way to it, nothing is opened.
 */
static bool is_harmless(const char *path)
{
    struct stat status;

    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

/* The same of a name in a folder; a whole path stays as it is. */
static bool is_harmless_in(const char *folder, size_t length, const char *name)
{
    char path[2 * PATH_MAX];

    if (name[0] == '/' || length == 0)
        return is_harmless(name);
    return snprintf(path, sizeof path, "%.*s/%s", (int)length, folder, name) < (int)sizeof path &&
           is_harmless(path);
}

static size_t folder_length(const struct dwarf_file *file)
{
    const char *slash = strrchr(file->path, '/');

    return slash ? (size_t)(slash - file->path) : 0;
}

static void find_path(struct dwarf_file *file)
{
    char link[32];

    snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
    ssize_t length = readlink(link, file->path, sizeof file->path - 1);
    file->path[length > 0 ? length : 0] = '\0';
}

/* The file that several have in common (.gnu_debugaltlink). */
static bool has_harmless_link(const struct dwarf_file *file)
{
    const void *build_id;
    const char *name;

    if (file->dwarf->dwelf_dwarf_gnu_debugaltlink(file->info, &name, &build_id) <= 0)
        return true;
    return is_harmless_in(file->path, folder_length(file), name);
}

/* ---- files ---- */

struct dwarf_file *debug__dwarf_open(struct dwarf *dwarf, int fd)
{
    struct dwarf_file *file = calloc(1, sizeof *file);

    if (!file) {
        close(fd);
        return NULL;
    }
    file->dwarf = dwarf;
    file->fd = fd;
    file->elf = dwarf->elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (file->elf)
        file->info = dwarf->dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
    find_path(file);
    if (file->info && has_harmless_link(file))
        return file;
    debug__dwarf_close(file);
    return NULL;
}

void debug__dwarf_close(struct dwarf_file *file)
{
    if (!file)
        return;
    if (file->info)
        file->dwarf->dwarf_end(file->info);
    if (file->elf)
        file->dwarf->elf_end(file->elf);
    close(file->fd);
    free(file);
}

static bool may_go_on(struct dwarf *dwarf)
{
    if (++dwarf->steps % STEPS_A_LOOK == 0 && base__now() > dwarf->deadline)
        dwarf->steps = STEPS_LIMIT;
    return dwarf->steps < STEPS_LIMIT;
}

/* ---- entries ---- */

static bool first_child(struct dwarf *dwarf, Dwarf_Die *parent, Dwarf_Die *ret_child)
{
    return may_go_on(dwarf) && dwarf->dwarf_child(parent, ret_child) == 0;
}

static bool next_child(struct dwarf *dwarf, Dwarf_Die *child)
{
    Dwarf_Die next;

    if (!may_go_on(dwarf) || dwarf->dwarf_siblingof(child, &next) != 0)
        return false;
    *child = next;
    return true;
}

/* Can functions with code lie in it? */
static bool holds_functions(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
           tag == DW_TAG_class_type;
}

static bool find_in(struct dwarf *dwarf, Dwarf_Die *parent, Dwarf_Addr pc, Dwarf_Die *ret_function)
{
    if (!first_child(dwarf, parent, ret_function))
        return false;
    do {
        if (dwarf->dwarf_tag(ret_function) == DW_TAG_subprogram &&
            dwarf->dwarf_haspc(ret_function, pc) > 0)
            return true;
    } while (next_child(dwarf, ret_function));
    return false;
}

/* Most compilers put functions with code at the top, so these are looked at first. */
static bool find_function(struct dwarf *dwarf, Dwarf_Die *parent, Dwarf_Addr pc, int depth,
                          Dwarf_Die *ret_function)
{
    Dwarf_Die child;

    if (find_in(dwarf, parent, pc, ret_function))
        return true;
    if (depth == DEPTH_LIMIT || !first_child(dwarf, parent, &child))
        return false;
    do {
        if (holds_functions(dwarf->dwarf_tag(&child)) &&
            find_function(dwarf, &child, pc, depth + 1, ret_function))
            return true;
    } while (next_child(dwarf, &child));
    return false;
}

static bool is_block(int tag)
{
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
           tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* The block right inside of this one that the instruction is a part of. */
static bool find_block(struct dwarf *dwarf, Dwarf_Die *outer, Dwarf_Addr pc, Dwarf_Die *ret_block)
{
    if (!first_child(dwarf, outer, ret_block))
        return false;
    do {
        if (is_block(dwarf->dwarf_tag(ret_block)) && dwarf->dwarf_haspc(ret_block, pc) > 0)
            return true;
    } while (next_child(dwarf, ret_block));
    return false;
}

/* The function, and what was inlined into it, outermost first; of too many the inner are missing. */
static size_t find_chain(struct dwarf *dwarf, Dwarf_Die *unit, Dwarf_Addr pc,
                         Dwarf_Die ret_chain[DWARF_PLACES])
{
    size_t count = 1;
    Dwarf_Die block;

    if (!find_function(dwarf, unit, pc, 0, &ret_chain[0]))
        return 0;
    block = ret_chain[0];
    for (int i = 0; i < BLOCKS_LIMIT && count < DWARF_PLACES; i++) {
        Dwarf_Die inner;

        if (!find_block(dwarf, &block, pc, &inner))
            break;
        block = inner;
        if (dwarf->dwarf_tag(&block) == DW_TAG_inlined_subroutine)
            ret_chain[count++] = block;
    }
    return count;
}

/* ---- what an entry says ---- */

static const char *string_of(struct dwarf *dwarf, Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;

    if (!dwarf->dwarf_attr_integrate(die, name, &attribute))
        return NULL;
    return dwarf->dwarf_formstring(&attribute);
}

static Dwarf_Word number_of(struct dwarf *dwarf, Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;

    if (!dwarf->dwarf_attr_integrate(die, name, &attribute) ||
        dwarf->dwarf_formudata(&attribute, &value) != 0)
        return 0;
    return value;
}

static const char *function_of(struct dwarf *dwarf, Dwarf_Die *die)
{
    const char *name = string_of(dwarf, die, DW_AT_linkage_name);

    if (!name)
        name = string_of(dwarf, die, DW_AT_MIPS_linkage_name);
    return name ? name : dwarf->dwarf_diename(die);
}

static void set_line(struct dwarf *dwarf, Dwarf_Die *unit, Dwarf_Addr pc,
                     struct dwarf_place *ret_place)
{
    Dwarf_Line *line = dwarf->dwarf_getsrc_die(unit, pc);
    int number = 0;

    if (!line || dwarf->dwarf_lineno(line, &number) != 0 || number <= 0)
        return;
    ret_place->file = dwarf->dwarf_linesrc(line, NULL, NULL);
    ret_place->line = ret_place->file ? (uint32_t)number : 0;
}

/* Where an inlined function was called. */
static void set_call(struct dwarf *dwarf, Dwarf_Die *unit, Dwarf_Die *inlined,
                     struct dwarf_place *ret_place)
{
    Dwarf_Files *files;
    size_t count;
    Dwarf_Word line = number_of(dwarf, inlined, DW_AT_call_line);
    Dwarf_Word file = number_of(dwarf, inlined, DW_AT_call_file);

    if (line == 0 || line > INT32_MAX || dwarf->dwarf_getsrcfiles(unit, &files, &count) != 0 ||
        file >= count)
        return;
    ret_place->file = dwarf->dwarf_filesrc(files, (size_t)file, NULL, NULL);
    ret_place->line = ret_place->file ? (uint32_t)line : 0;
}

/* ---- units ---- */

/* Not every compiler makes an index of addresses. */
static bool search_unit(struct dwarf_file *file, Dwarf_Addr pc, Dwarf_Die *ret_unit)
{
    struct dwarf *dwarf = file->dwarf;
    Dwarf_Off at = 0, next;
    size_t head;

    for (; may_go_on(dwarf) &&
           dwarf->dwarf_nextcu(file->info, at, &next, &head, NULL, NULL, NULL) == 0 && next > at;
         at = next)
        if (dwarf->dwarf_offdie(file->info, at + head, ret_unit) &&
            dwarf->dwarf_haspc(ret_unit, pc) > 0)
            return true;
    return false;
}

/* libdw looks beside the file, in the folder of the compilation, and for the units of all. */
static bool may_look_for_entries(const struct dwarf_file *file, Dwarf_Die *unit)
{
    const char *name = string_of(file->dwarf, unit, DW_AT_dwo_name);
    const char *folder = string_of(file->dwarf, unit, DW_AT_comp_dir);
    size_t length = folder_length(file);
    char path[2 * PATH_MAX];

    if (!name)
        name = string_of(file->dwarf, unit, DW_AT_GNU_dwo_name);
    snprintf(path, sizeof path, "%s.dwp", file->path);
    if (!is_harmless(path))
        return false;
    if (!name)
        return true;
    if (!is_harmless_in(file->path, length, name) ||
        (folder && !is_harmless_in(folder, strlen(folder), name)))
        return false;
    if (!folder || folder[0] == '/')
        return true;
    int size = snprintf(path, sizeof path, "%.*s/%s", (int)length, file->path, folder);
    return size < (int)sizeof path && is_harmless_in(path, (size_t)size, name);
}

/* The entries of a unit may lie in a file of their own. */
static Dwarf_Die entries_of(const struct dwarf_file *file, Dwarf_Die *unit)
{
    const struct dwarf *dwarf = file->dwarf;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die split;

    if (may_look_for_entries(file, unit) &&
        dwarf->dwarf_cu_info(unit->cu, &version, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
        type == DW_UT_skeleton && split.addr)
        return split;
    return *unit;
}

size_t debug__dwarf_places(struct dwarf_file *file, uint64_t address,
                           struct dwarf_place ret_places[DWARF_PLACES])
{
    struct dwarf *dwarf = file->dwarf;
    Dwarf_Die unit, entries, chain[DWARF_PLACES];
    size_t count;

    if (!may_go_on(dwarf) || (!dwarf->dwarf_addrdie(file->info, address, &unit) &&
                              !search_unit(file, address, &unit)))
        return 0;
    memset(ret_places, 0, DWARF_PLACES * sizeof *ret_places);
    ret_places[0].folder = string_of(dwarf, &unit, DW_AT_comp_dir);
    set_line(dwarf, &unit, address, &ret_places[0]);
    entries = entries_of(file, &unit);
    count = find_chain(dwarf, &entries, address, chain);
    for (size_t i = 0; i < count; i++) {
        struct dwarf_place *place = &ret_places[i];

        place->folder = ret_places[0].folder;
        place->function = function_of(dwarf, &chain[count - 1 - i]);
        if (i > 0)
            set_call(dwarf, &entries, &chain[count - i], place);
    }
    return count > 0 ? count : ret_places[0].line > 0;
}

#else

int debug__dwarf_new(struct dwarf **ret_dwarf, int64_t deadline)
{
    (void)ret_dwarf;
    (void)deadline;
    return -ENOSYS;
}

void debug__dwarf_free(struct dwarf *dwarf)
{
    (void)dwarf;
}

struct dwarf_file *debug__dwarf_open(struct dwarf *dwarf, int fd)
{
    (void)dwarf;
    (void)fd;
    return NULL;
}

void debug__dwarf_close(struct dwarf_file *file)
{
    (void)file;
}

size_t debug__dwarf_places(struct dwarf_file *file, uint64_t address,
                           struct dwarf_place ret_places[DWARF_PLACES])
{
    (void)file;
    (void)address;
    (void)ret_places;
    return 0;
}

#endif
