/*
 * cfi.c - libunwind's remote interface over remote_memory.h and modules.h
 */
#include "src/crash/cfi.h"

#include "src/config.h"
#include "src/crash/frame_index.h"
#include "src/base/fault_guard.h"
#include "src/crash/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Bounds the words read for one step. Tables are binary searched and read bytewise; a DWARF
 * expression may loop endlessly.
 */
enum { WORDS_LIMIT = 32768 };

/*
 * libunwind reads tables from the examined process only. An index made here is shown to it at
 * addresses that no process has, this many bytes for each module.
 */
static const uint64_t index_start = UINT64_C(0xf000000000000000);
enum { INDEX_ROOM_BITS = 32 };

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

typedef int search_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int,
                         void *);

/* Unwind information of a module that has no index of its own. */
struct section {
    bool read;
    uint64_t address;
    struct frame_index index;    /* without entries: there is none */
};

struct cfi {
    struct memory *memory;
    struct modules *modules;
    const struct module_files *files;
    struct section section[MODULES_MAX];    /* of the module with the same index */
    struct registers registers;    /* the thread's registers, as shown to libunwind */
    bool missed;    /* a read failed, so the result of the step is a guess */
    unsigned words;    /* number of words read */
    struct guard guard;
    bool faulted;    /* libunwind has, and what it holds is not known: it is not called again */
    void *library;
    unw_addr_space_t space;
    unw_addr_space_t (*create_space)(unw_accessors_t *, int);
    void (*destroy_space)(unw_addr_space_t);
    int (*set_caching)(unw_addr_space_t, unw_caching_policy_t);
    int (*init)(unw_cursor_t *, unw_addr_space_t, void *);
    int (*step)(unw_cursor_t *);
    int (*get)(unw_cursor_t *, int, unw_word_t *);
    search_table *search;
};

static void read_section(struct cfi *cfi, const struct module *module, struct section *section)
{
    uint64_t size;
    int file, debug;

    section->read = true;
    if (!cfi->files)
        return;
    crash__module_files_get(cfi->files, module, &file, &debug);
    if (crash__symbols_section(module, file, ".eh_frame", &section->address, &size) == 0) {
        section->address += module->bias;
        (void)crash__frame_index_read(&section->index, cfi->memory, section->address, size);
    }
    if (file >= 0)
        close(file);
    if (debug >= 0)
        close(debug);
}

/* False if the module has no unwind information that is understood. */
static bool find_table(struct cfi *cfi, const struct module *module, unw_dyn_info_t *ret_table)
{
    size_t place = (size_t)(module - cfi->modules->module), count = module->unwind_count;
    struct section *section = &cfi->section[place];

    ret_table->u.rti.segbase = module->unwind;
    ret_table->u.rti.table_data = module->unwind_table;
    if (!module->unwind) {
        if (!section->read)
            read_section(cfi, module, section);
        count = section->index.count;
        ret_table->u.rti.segbase = section->address;
        ret_table->u.rti.table_data = index_start + ((uint64_t)place << INDEX_ROOM_BITS);
    }
    ret_table->start_ip = module->start;
    ret_table->end_ip = module->end;
    ret_table->u.rti.table_len = count * sizeof(struct frame_entry) / sizeof(unw_word_t);
    return count > 0;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need,
                          void *argument)
{
    struct cfi *cfi = argument;
    const struct module *module = crash__modules_at(cfi->modules, ip);
    unw_dyn_info_t table = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
    int error = -UNW_ENOINFO;

    if (module && find_table(cfi, module, &table))
        error = cfi->search(space, ip, &table, info, need, cfi);
    cfi->missed |= error != 0;
    return error;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
    (void)space;
    (void)info;
    (void)argument;
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *address, void *argument)
{
    (void)space;
    (void)address;
    (void)argument;
    return -UNW_ENOINFO;
}

/* A word of an index that was made here; what lies behind its end is zero. */
static bool read_index(const struct cfi *cfi, uint64_t address, unw_word_t *ret_value)
{
    size_t place = (size_t)((address - index_start) >> INDEX_ROOM_BITS);
    uint64_t at = address & ((UINT64_C(1) << INDEX_ROOM_BITS) - 1);
    const struct frame_index *index = &cfi->section[place % MODULES_MAX].index;
    uint64_t size = index->count * sizeof *index->entry;

    *ret_value = 0;
    if (place >= MODULES_MAX || at >= size)
        return false;
    memcpy(ret_value, (const char *)index->entry + at,
           size - at < sizeof *ret_value ? size - at : sizeof *ret_value);
    return true;
}

static bool read_word(const struct cfi *cfi, uint64_t address, unw_word_t *ret_value)
{
    return address >= index_start
               ? read_index(cfi, address, ret_value)
               : crash__memory_read(cfi->memory, address, ret_value, sizeof *ret_value) == 0;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
                      void *argument)
{
    struct cfi *cfi = argument;

    (void)space;
    if (write)
        return -UNW_EREADONLYREG;
    if (++cfi->words > WORDS_LIMIT || !read_word(cfi, address, value)) {
        cfi->missed = true;
        return -UNW_EINVAL;
    }
    return 0;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t reg, unw_word_t *value, int write,
                      void *argument)
{
    struct cfi *cfi = argument;

    (void)space;
    if (write)
        return -UNW_EREADONLYREG;
    if (reg < 0 || reg >= MACHINE_REGISTERS)
        return -UNW_EBADREG;
    *value = cfi->registers.value[reg];
    return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t reg, unw_fpreg_t *value, int write,
                        void *argument)
{
    (void)space;
    (void)reg;
    (void)value;
    (void)write;
    (void)argument;
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
    (void)space;
    (void)cursor;
    (void)argument;
    return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t address, char *name, size_t room,
                         unw_word_t *offset, void *argument)
{
    (void)space;
    (void)address;
    (void)name;
    (void)room;
    (void)offset;
    (void)argument;
    return -UNW_ENOINFO;
}

/* dlsym returns an object pointer; POSIX guarantees that its bytes are the function's address. */
static bool bind(struct cfi *cfi, const char *name, void *ret_function)
{
    void *symbol = dlsym(cfi->library, name);

    memcpy(ret_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool load(struct cfi *cfi)
{
    cfi->library = dlopen(UNWIND_SONAME, RTLD_NOW | RTLD_LOCAL);
    return cfi->library && bind(cfi, TEXT(UNW_OBJ(create_addr_space)), &cfi->create_space) &&
           bind(cfi, TEXT(UNW_OBJ(destroy_addr_space)), &cfi->destroy_space) &&
           bind(cfi, TEXT(UNW_OBJ(set_caching_policy)), &cfi->set_caching) &&
           bind(cfi, TEXT(UNW_OBJ(init_remote)), &cfi->init) &&
           bind(cfi, TEXT(UNW_OBJ(step)), &cfi->step) &&
           bind(cfi, TEXT(UNW_OBJ(get_reg)), &cfi->get) &&
           bind(cfi, TEXT(UNW_OBJ(dwarf_search_unwind_table)), &cfi->search);
}

static void drop(struct cfi *cfi)
{
    if (cfi->space && !cfi->faulted)
        cfi->destroy_space(cfi->space);
    if (cfi->library)
        dlclose(cfi->library);
    for (size_t i = 0; i < MODULES_MAX; i++)
        crash__frame_index_free(&cfi->section[i].index);
    free(cfi);
}

int crash__cfi_new(struct cfi **ret_cfi, struct memory *memory, struct modules *modules,
                   const struct module_files *files)
{
    static unw_accessors_t accessors = {
        .find_proc_info = find_proc_info, .put_unwind_info = put_unwind_info,
        .get_dyn_info_list_addr = get_dyn_info_list_addr, .access_mem = access_mem,
        .access_reg = access_reg, .access_fpreg = access_fpreg, .resume = resume,
        .get_proc_name = get_proc_name,
    };
    struct cfi *cfi = calloc(1, sizeof *cfi);

    if (!cfi)
        return -ENOMEM;
    cfi->memory = memory;
    cfi->modules = modules;
    cfi->files = files;
    if (!load(cfi)) {
        drop(cfi);
        return -ELIBACC;
    }
    cfi->space = cfi->create_space(&accessors, 0);
    if (!cfi->space) {
        drop(cfi);
        return -ENOMEM;
    }
    cfi->set_caching(cfi->space, UNW_CACHE_GLOBAL);
    base__fault_guard_begin(&cfi->guard);
    *ret_cfi = cfi;
    return 0;
}

void crash__cfi_free(struct cfi *cfi)
{
    if (!cfi)
        return;
    base__fault_guard_end(&cfi->guard);
    drop(cfi);
}

/*
 * The pc is read as UNW_REG_IP: on aarch64 libunwind restores only the register that holds the
 * return address, and its pc register keeps the value of the first frame.
 */
static bool collect(struct cfi *cfi, unw_cursor_t *cursor, struct registers *ret_caller)
{
    unw_word_t pc;

    for (int i = 0; i < MACHINE_REGISTERS; i++) {
        unw_word_t value = cfi->registers.value[i];

        (void)cfi->get(cursor, i, &value);    /* a register that was not saved keeps its value */
        ret_caller->value[i] = value;
    }
    if (cfi->get(cursor, UNW_REG_IP, &pc) != 0)
        return false;
    ret_caller->value[MACHINE_PC] = crash__machine_unsign(pc);
    return true;
}

/* One step, on the side of libunwind. */
struct stepping {
    struct cfi *cfi;
    struct registers *caller;
    int result;
};

static void step_once(void *argument)
{
    struct stepping *stepping = argument;
    struct cfi *cfi = stepping->cfi;
    unw_cursor_t cursor;
    int step;

    if (cfi->init(&cursor, cfi->space, cfi) != 0)
        return;
    step = cfi->step(&cursor);
    if (step < 0 || cfi->missed)
        return;
    if (step == 0 || collect(cfi, &cursor, stepping->caller))
        stepping->result = step > 0;
}

int crash__cfi_step(struct cfi *cfi, const struct registers *registers, bool exact,
                    struct registers *ret_caller)
{
    struct stepping stepping = {.cfi = cfi, .caller = ret_caller, .result = -ENOENT};

    if (cfi->faulted)
        return -ENOENT;
    /*
     * A call that does not return may be the last instruction of its function: its return address
     * belongs to the next function.
     */
    cfi->registers = *registers;
    if (!exact)
        cfi->registers.value[MACHINE_PC]--;
    cfi->missed = false;
    cfi->words = 0;
    cfi->faulted = !base__fault_guard_run(step_once, &stepping);
    return cfi->faulted ? -ENOENT : stepping.result;
}
