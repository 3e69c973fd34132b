/*
 * places.c - puts what debug information says into a backtrace
 */
#include "src/crash/places.h"

#include "src/base/clock.h"
#include "src/crash/elf_image.h"
#include "src/crash/owner.h"
#include "src/debug/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- debug information of a module ---- */

/* module: what the file must have been mapped as; NULL: it has been compared. */
static bool has_information(int fd, const struct module *module)
{
    struct elf_image image = {.fd = fd};
    const ElfW(Shdr) *section = NULL;
    bool has;

    if (fd < 0 || crash__elf_open(&image) != 0)
        return false;
    if (!module || crash__elf_is_mapped(&image, module)) {
        section = crash__elf_section(&image, ".debug_info");
        if (!section)
            section = crash__elf_section(&image, ".zdebug_info");
    }
    has = section && section->sh_type != SHT_NOBITS;
    crash__elf_close(&image);
    return has;
}

static struct dwarf *load_once(struct places *places)
{
    if (!places->loaded)
        places->error = debug__dwarf_new(&places->dwarf, places->deadline);
    places->loaded = true;
    return places->dwarf;
}

static void read_module(struct places *places, const struct module *module,
                        struct places_module *read)
{
    struct stat status;
    int file, debug, chosen = -1;

    read->read = true;
    if (module->path[0] == '[')
        return;
    crash__module_files_get(places->names->files, module, &file, &debug);
    if (file >= 0 && fstat(file, &status) == 0)
        read->made = status.st_mtim;
    if (has_information(file, module))
        chosen = file;
    else if (has_information(debug, NULL))
        chosen = debug;
    if (chosen >= 0 && load_once(places)) {
        read->info = debug__dwarf_open(places->dwarf, chosen);
        file = file == chosen ? -1 : file;
        debug = debug == chosen ? -1 : debug;
    }
    if (file >= 0)
        close(file);
    if (debug >= 0)
        close(debug);
}

static struct places_module *module_of(struct places *places, const struct backtrace *trace,
                                       const struct backtrace_frame *frame,
                                       const struct module **ret_module)
{
    const struct module *module = crash__modules_at(places->names->modules, frame->ip);
    struct places_module *read;

    *ret_module = module;
    if (!module || base__now() > places->deadline)
        return NULL;
    read = &places->module[module - places->names->modules->module];
    if (!read->read && !crash__is_in_system(trace, frame))
        read_module(places, module, read);
    return read;
}

/* ---- names of stripped files ---- */

static void name_by_mini(struct places *places, const struct module *module,
                         struct places_module *read, struct backtrace *trace,
                         struct backtrace_frame *frame)
{
    static char name[SYMBOLS_NAME];
    const ElfW(Sym) *symbol;
    int file, debug;

    if (!read->mini_read) {
        read->mini_read = true;
        crash__module_files_get(places->names->files, module, &file, &debug);
        (void)crash__mini_debug_read(&read->mini, module, file);
        if (file >= 0)
            close(file);
        if (debug >= 0)
            close(debug);
    }
    symbol = crash__symbols_covering(&read->mini.symbols, frame->offset);
    if (!symbol)
        return;
    crash__symbols_name(&read->mini.symbols, symbol, name);
    crash__names_function(name, trace, frame);
    frame->symbol_offset = frame->offset - symbol->st_value;
}

/* ---- places ---- */

static uint32_t intern_file(struct backtrace *trace, const struct dwarf_place *place)
{
    char path[PATH_MAX];
    const char *file = place->file;

    if (!file)
        return 0;
    if (strncmp(file, "./", 2) == 0)
        file += 2;
    if (file[0] == '/' || !place->folder)
        return crash__backtrace_intern(trace, file, sizeof path);
    snprintf(path, sizeof path, "%s/%s", place->folder, file);
    return crash__backtrace_intern(trace, path, sizeof path);
}

static void find_group(struct dwarf_file *info, const struct backtrace_frame *frame,
                       struct backtrace *trace, struct places_group *ret_group)
{
    struct dwarf_place place[DWARF_PLACES];

    *ret_group = (struct places_group){.ip = frame->ip};
    ret_group->count = (uint32_t)debug__dwarf_places(info, frame->offset, place);
    for (uint32_t i = 0; i < ret_group->count; i++) {
        struct backtrace_frame named = {.symbol = 0};

        if (place[i].function)
            crash__names_function(place[i].function, trace, &named);
        ret_group->place[i].symbol = named.symbol;
        ret_group->place[i].name = named.name;
        ret_group->place[i].file = intern_file(trace, &place[i]);
        ret_group->place[i].line = ret_group->place[i].file ? place[i].line : 0;
    }
}

/* Recursion, and threads that do the same, repeat a few places many times. */
static const struct places_group *group_of(struct places *places, struct dwarf_file *info,
                                           const struct backtrace_frame *frame,
                                           struct backtrace *trace)
{
    struct places_group *group;

    for (size_t i = 0; i < PLACES_KEPT && i < places->kept_count; i++)
        if (places->kept[i].ip == frame->ip)
            return &places->kept[i];
    group = &places->kept[places->kept_count++ % PLACES_KEPT];
    find_group(info, frame, trace, group);
    return group;
}

/* Frames have come before a frame of those that begin at `first`, which threads may share. */
static void move(struct backtrace_thread *thread, uint32_t first, uint32_t at, uint32_t count)
{
    if (thread->first > first) {
        thread->first += count;
    } else if (thread->first == first && thread->count > 0) {
        thread->count += count;
        if (at < thread->cut_at)
            thread->cut_at += count;
    }
}

/* Makes room for frames before this one. False if there is not enough. */
static bool make_room(struct backtrace *trace, const struct backtrace_thread *thread, uint32_t at,
                      uint32_t count)
{
    uint32_t first = thread->first;
    struct backtrace_frame *frame = &trace->frame[thread->first + at];

    if (thread->count + count > BACKTRACE_FRAMES + BACKTRACE_INLINED ||
        trace->frame_count + count > BACKTRACE_FRAMES_ALL)
        return false;
    memmove(frame + count, frame, (trace->frame_count - first - at) * sizeof *frame);
    trace->frame_count += count;
    for (uint32_t i = 0; count > 0 && i < trace->thread_count; i++)
        move(&trace->thread[i], first, at, count);
    return true;
}

static void fill(const struct places_group *group, uint32_t at, struct backtrace_frame *frame)
{
    frame->file = group->place[at].file;
    frame->line = group->place[at].line;
    if (at + 1 == group->count && frame->symbol != 0)
        return;
    frame->symbol = group->place[at].symbol;
    frame->name = group->place[at].name;
    frame->symbol_offset = 0;
    frame->inlined = at + 1 < group->count;
}

/* Returns the number of frames that it is now. */
static uint32_t complete(struct places *places, struct backtrace *trace,
                         struct backtrace_thread *thread, uint32_t at)
{
    struct backtrace_frame *frame = &trace->frame[thread->first + at];
    const struct module *module;
    struct places_module *read = module_of(places, trace, frame, &module);
    const struct places_group *group;
    struct backtrace_frame physical;
    uint32_t skipped;    /* the inlined ones, without room for all */

    if (!read)
        return 1;
    group = read->info ? group_of(places, read->info, frame, trace) : NULL;
    if (!group || group->count == 0) {
        if (frame->symbol == 0)
            name_by_mini(places, module, read, trace, frame);
        return 1;
    }
    physical = *frame;
    skipped = make_room(trace, thread, at, group->count - 1) ? 0 : group->count - 1;
    for (uint32_t i = skipped; i < group->count; i++) {
        frame[i - skipped] = physical;
        fill(group, i, &frame[i - skipped]);
    }
    return group->count - skipped;
}

/* Functions of the program can be inlined into templates of the C++ library. */
static bool is_of_program(const struct backtrace *trace, const struct backtrace_frame *frame)
{
    return frame->owner != BACKTRACE_LIBRARY && !crash__is_in_system(trace, frame);
}

/* Frames of the library that no frame of the program comes behind are as in every child. */
static uint32_t count_to_last(const struct backtrace *trace, const struct backtrace_thread *thread)
{
    uint32_t count = thread->count;

    while (count > 0 && !is_of_program(trace, &trace->frame[thread->first + count - 1]))
        count--;
    return count > 0 ? count : thread->count;
}

static bool is_shared_with_earlier(const struct backtrace *trace, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++)
        if (trace->thread[i].first == trace->thread[number].first && trace->thread[i].count > 0)
            return true;
    return false;
}

void crash__places_add(struct places *places, struct backtrace *trace, uint32_t number)
{
    struct backtrace_thread *thread = &trace->thread[number];
    uint32_t at = 0;

    if (thread->count == 0 || is_shared_with_earlier(trace, number))
        return;
    for (uint32_t left = count_to_last(trace, thread); left > 0; left--)
        at += complete(places, trace, thread, at);
}

/* ---- source ---- */

/* Without a frame of the program, the innermost that has a place. */
static const struct backtrace_frame *innermost(const struct backtrace *trace)
{
    const struct backtrace_frame *found = NULL;

    for (uint32_t i = 0; trace->thread_count > 0 && i < trace->thread[0].count; i++) {
        const struct backtrace_frame *frame = &trace->frame[trace->thread[0].first + i];

        if (frame->line > 0 && frame->owner == BACKTRACE_PROGRAM)
            return frame;
        if (frame->line > 0 && !found)
            found = frame;
    }
    return found;
}

void crash__places_source(const struct places *places, struct backtrace *trace)
{
    const struct backtrace_frame *frame = innermost(trace);
    const struct module *module =
        frame ? crash__modules_at(places->names->modules, frame->ip) : NULL;
    struct source source;

    if (!module)
        return;
    trace->source_frame = (uint32_t)(frame - trace->frame);
    trace->source_count = (uint32_t)debug__source_read(
        &source, crash__backtrace_string(trace, frame->file), frame->line,
        &places->module[module - places->names->modules->module].made);
    trace->source_first = source.first;
    for (uint32_t i = 0; i < trace->source_count; i++)
        trace->source[i] = crash__backtrace_intern(trace, source.text[i], sizeof source.text[i]);
}
