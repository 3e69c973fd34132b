/*
 * names.c - looks up modules and functions, and puts them into a backtrace
 */
#include "src/crash/names.h"

#include "src/base/clock.h"
#include "src/crash/loaded_symbols.h"
#include "src/debug/demangle.h"

#include <limits.h>
#include <stdio.h>

enum { SHOWN = 2048 };    /* bytes of a symbol that a report has */

void crash__names_symbols(const struct names *names, const struct module *module,
                          struct symbols *ret_symbols)
{
    int file, debug;

    if (module->path[0] == '[') {
        (void)crash__symbols_read_vdso(ret_symbols, module, names->memory);
        return;
    }
    crash__module_files_get(names->files, module, &file, &debug);
    if (crash__symbols_read(ret_symbols, module, file, debug) != 0)
        (void)crash__loaded_symbols(ret_symbols, module, names->memory);
}

static const struct symbols *symbols_of(struct names *names, const struct module *module)
{
    size_t place = (size_t)(module - names->modules->module);

    if (!names->symbols_read[place] && base__now() < names->deadline) {
        names->symbols_read[place] = true;
        crash__names_symbols(names, module, &names->symbols[place]);
    }
    return &names->symbols[place];
}

static uint32_t build_id(const struct module *module, struct backtrace *trace)
{
    char text[2 * MODULE_BUILD_ID + 1] = "";

    for (size_t i = 0; i < module->build_id_size; i++)
        sprintf(text + 2 * i, "%02x", module->build_id[i]);
    return crash__backtrace_intern(trace, text, sizeof text);
}

void crash__names_function(const char *symbol, struct backtrace *trace,
                           struct backtrace_frame *frame)
{
    char name[DEMANGLE_NAME];

    frame->symbol = crash__backtrace_intern(trace, symbol, SHOWN);
    frame->name = 0;
    if (debug__demangle(symbol, name))
        frame->name = crash__backtrace_intern(trace, name, sizeof name);
}

/* An instruction of the frame: the next one, or the call that it is in. */
static uint64_t instruction(const struct step *step)
{
    uint64_t pc = step->registers.value[MACHINE_PC];

    return crash__backtrace_is_exact(step->found) ? pc : pc - 1;
}

static void name_frame(struct names *names, const struct step *step, struct backtrace *trace,
                       struct backtrace_frame *ret_frame)
{
    uint64_t ip = instruction(step);
    const struct module *module = crash__modules_at(names->modules, ip);
    const struct symbols *symbols;
    const ElfW(Sym) *symbol;
    static char name[SYMBOLS_NAME];

    *ret_frame = (struct backtrace_frame){ .ip = ip, .found = step->found };
    if (!module)
        return;
    ret_frame->module = crash__backtrace_intern(trace, module->path, PATH_MAX);
    ret_frame->build_id = build_id(module, trace);
    ret_frame->offset = ip - module->bias;
    if (!names->with_symbols)
        return;
    symbols = symbols_of(names, module);
    symbol = crash__symbols_covering(symbols, ip - module->bias);
    if (!symbol)
        return;
    crash__symbols_name(symbols, symbol, name);
    crash__names_function(name, trace, ret_frame);
    ret_frame->symbol_offset = ip - module->bias - symbol->st_value;
}

/*
 * Returns a frame with the same address. Recursion, or threads that do the same, repeat a few
 * places many times.
 */
static const struct backtrace_frame *named_before(const struct backtrace *trace,
                                                  const struct step *step)
{
    for (size_t i = trace->frame_count; i-- > 0;)
        if (trace->frame[i].ip == instruction(step))
            return &trace->frame[i];
    return NULL;
}

void crash__names_frame(struct names *names, const struct step *step, struct backtrace *trace)
{
    const struct backtrace_frame *same = named_before(trace, step);
    struct backtrace_frame *frame = &trace->frame[trace->frame_count];

    if (same)
        *frame = *same;
    else
        name_frame(names, step, trace, frame);
    frame->found = step->found;
    trace->frame_count++;
}

void crash__names_trampoline(struct backtrace *trace)
{
    struct backtrace_frame *frame = &trace->frame[trace->frame_count - 1];

    frame->symbol = crash__backtrace_intern(trace, NAMES_OF_TRAMPOLINE,
                                            sizeof NAMES_OF_TRAMPOLINE);
    frame->name = 0;
    frame->symbol_offset = 0;
}
