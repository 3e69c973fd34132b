/*
 * cfi.c - libunwind's remote interface over remote_memory.h and modules.h
 */
#include "src/crash/cfi.h"

#include "src/config.h"

#include <dlfcn.h>
#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bounds the words read for one step. Tables are binary searched and read bytewise; a DWARF
 * expression may loop endlessly.
 */
enum { WORDS_LIMIT = 32768 };

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

typedef int search_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int,
                         void *);

struct cfi {
    struct memory *memory;
    struct modules *modules;
    struct registers registers;    /* the thread's registers, as shown to libunwind */
    bool missed;    /* a read failed, so the result of the step is a guess */
    unsigned words;    /* number of words read */
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

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need,
                          void *argument)
{
    struct cfi *cfi = argument;
    const struct module *module = crash__modules_at(cfi->modules, ip);
    unw_dyn_info_t table = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
    int error = -UNW_ENOINFO;

    if (module && module->unwind) {
        table.start_ip = module->start;
        table.end_ip = module->end;
        table.u.rti.segbase = module->unwind;
        table.u.rti.table_data = module->unwind_table;
        table.u.rti.table_len = module->unwind_count * 8 / sizeof(unw_word_t);
        error = cfi->search(space, ip, &table, info, need, cfi);
    }
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

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
                      void *argument)
{
    struct cfi *cfi = argument;

    (void)space;
    if (write)
        return -UNW_EREADONLYREG;
    if (++cfi->words > WORDS_LIMIT ||
        crash__memory_read(cfi->memory, address, value, sizeof *value) != 0) {
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

int crash__cfi_new(struct cfi **ret_cfi, struct memory *memory, struct modules *modules)
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
    if (!load(cfi)) {
        crash__cfi_free(cfi);
        return -ELIBACC;
    }
    cfi->space = cfi->create_space(&accessors, 0);
    if (!cfi->space) {
        crash__cfi_free(cfi);
        return -ENOMEM;
    }
    cfi->set_caching(cfi->space, UNW_CACHE_GLOBAL);
    *ret_cfi = cfi;
    return 0;
}

void crash__cfi_free(struct cfi *cfi)
{
    if (!cfi)
        return;
    if (cfi->space)
        cfi->destroy_space(cfi->space);
    if (cfi->library)
        dlclose(cfi->library);
    free(cfi);
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

int crash__cfi_step(struct cfi *cfi, const struct registers *registers, bool exact,
                    struct registers *ret_caller)
{
    unw_cursor_t cursor;
    int step;

    /*
     * A call that does not return may be the last instruction of its function: its return address
     * belongs to the next function.
     */
    cfi->registers = *registers;
    if (!exact)
        cfi->registers.value[MACHINE_PC]--;
    cfi->missed = false;
    cfi->words = 0;
    if (cfi->init(&cursor, cfi->space, cfi) != 0)
        return -ENOENT;
    step = cfi->step(&cursor);
    if (step < 0 || cfi->missed)
        return -ENOENT;
    if (step > 0 && !collect(cfi, &cursor, ret_caller))
        return -ENOENT;
    return step > 0;
}
