/*
 * stacks.c - turns recorded stacks into text, and asks the threads of a hung test for theirs
 */
#include "src/cunit/stacks.h"

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/cunit/clock.h"
#include "src/cunit/inventory.h"
#include "src/cunit/places.h"
#include "src/cunit/symbols.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* An address of the runner or a library. */
struct code {
    uintptr_t address;
    const char *module;         /* its file */
    const char *module_name;    /* the same as it was started or loaded; NULL: of no module */
    uintptr_t offset;           /* in the module */
    const char *symbol;         /* as the loader knows it; may be NULL */
};

/*
 * The test's process was forked from the runner, so its addresses are valid here too, except in
 * libraries that the test loaded. The program's own file is opened by its link in /proc: the loader
 * knows it only by the name it was started with.
 */
static struct code code_at(uintptr_t address)
{
    Dl_info info;
    struct link_map *map = NULL;

    if (!dladdr1((void *)address, &info, (void **)&map, RTLD_DL_LINKMAP))
        return (struct code){ .address = address };
    return (struct code){ .address = address,
                          .module = map->l_name[0] ? map->l_name : "/proc/self/exe",
                          .module_name = file_name(info.dli_fname),
                          .offset = address - map->l_addr,
                          .symbol = info.dli_sname };
}

/* What is written about the stacks of a test. */
struct writer {
    FILE *out;
    struct cunit_places places;
    bool has_source;            /* the source of a place has been written */
    int number;                 /* of the next frame */
    int repeated;               /* frames that are as the last one and are not written */
};

static void write_name(struct writer *writer, const struct code *code,
                       const struct dwarf_place *place)
{
    char symbol[200];

    if (procspawn__cunit_symbol(code->module, code->offset, symbol, sizeof(symbol)) >= 0)
        procspawn__cunit_places_name(writer->out, symbol);
    else if (place && place->function)
        procspawn__cunit_places_name(writer->out, place->function);
    else if (code->symbol)
        procspawn__cunit_places_name(writer->out, code->symbol);
    else
        fputc('?', writer->out);
}

static void write_line(struct writer *writer, const struct dwarf_place *place)
{
    if (place && place->file)
        fprintf(writer->out, " at %s:%u", file_name(place->file), (unsigned)place->line);
}

/* The innermost one with a source is shown with it. */
static void write_source(struct writer *writer, const struct code *code,
                         const struct dwarf_place *place)
{
    if (!writer->has_source && place)
        writer->has_source = procspawn__cunit_places_source(writer->out, code->module, place);
}

/* Functions that were inlined at the address have frames of their own. */
static void write_inlined(struct writer *writer, const struct code *code,
                          const struct dwarf_place *place)
{
    fprintf(writer->out, "        #%-2d ", writer->number++);
    procspawn__cunit_places_name(writer->out, place->function ? place->function : "?");
    write_line(writer, place);
    fputs(" (inlined)\n", writer->out);
    write_source(writer, code, place);
}

/* In the form of procspawn_error_print: "#1  parse at program.c:12 (program+0x1a40)". */
static void write_frame(struct writer *writer, void *address, bool interrupted)
{
    /* A return address may belong to the next function if the call does not return: the byte before
     * it is a part of the call. */
    const struct code code = code_at((uintptr_t)address - (interrupted ? 0 : 1));
    struct dwarf_place places[DWARF_PLACES], *last = NULL;
    size_t count;

    if (!code.module) {
        fprintf(writer->out, "        #%-2d %p\n", writer->number++, address);
        return;
    }
    count = procspawn__cunit_places_find(&writer->places, code.module, code.offset, places);
    for (size_t i = 0; i + 1 < count; i++)
        write_inlined(writer, &code, &places[i]);
    if (count > 0)
        last = &places[count - 1];
    fprintf(writer->out, "        #%-2d ", writer->number++);
    write_name(writer, &code, last);
    write_line(writer, last);
    fprintf(writer->out, " (%s+0x%lx)\n", code.module_name, (unsigned long)code.offset);
    write_source(writer, &code, last);
}

static void write_repeated(struct writer *writer)
{
    if (writer->repeated > 0)
        fprintf(writer->out, "           and %d more times\n", writer->repeated);
    writer->repeated = 0;
}

static void write_stack(struct writer *writer, const struct mailbox *mailbox,
                        const struct mailbox_stack *stack)
{
    int end = stack->depth < MAILBOX_FRAMES ? stack->depth : MAILBOX_FRAMES;
    int begin = 0;

    while (begin < end && stack->frames[begin] != stack->interrupted)
        begin++;
    if (begin == end)
        begin = 0;
    if (stack->tid == mailbox->pid && stack->depth < MAILBOX_FRAMES &&
        end - begin > mailbox->runner_depth)
        end -= mailbox->runner_depth;
    writer->number = 0;
    for (int frame = begin; frame < end; frame++) {
        if (frame > begin + 1 && stack->frames[frame] == stack->frames[frame - 1]) {
            writer->repeated++;
            continue;
        }
        write_repeated(writer);
        write_frame(writer, stack->frames[frame], stack->frames[frame] == stack->interrupted);
    }
    write_repeated(writer);
}

void procspawn__cunit_stacks_write(const struct mailbox *mailbox, FILE *out)
{
    struct writer writer = { .out = out };

    for (int i = 0; i < MAILBOX_STACKS; i++) {
        const struct mailbox_stack *stack = &mailbox->stack[i];

        if (!atomic_load(&stack->written))
            continue;
        fprintf(out, "      stack of thread %d\n", (int)stack->tid);
        write_stack(&writer, mailbox, stack);
    }
    procspawn__cunit_places_close(&writer.places);
}

static void describe_thread(pid_t pid, long tid, FILE *out)
{
    static const char *const files[] = { "comm", "wchan", "syscall" };
    char path[96], text[160];

    fprintf(out, "      thread %ld:", tid);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(path, sizeof(path), "/proc/%d/task/%ld/%s", (int)pid, tid, files[i]);
        procspawn__cunit_first_line(path, text, sizeof(text));
        fprintf(out, " %s%s%s", i ? files[i] : "", i ? " " : "", text[0] ? text : "?");
    }
    fputc('\n', out);
}

/*
 * Asks a thread for its stack. One that blocks the signal does not answer, so the wait ends after a
 * fifth of a second.
 */
static void ask_thread(pid_t pid, long tid, struct mailbox *mailbox)
{
    const struct timespec turn = { .tv_nsec = CUNIT_MILLISECOND };
    int64_t until = procspawn__cunit_now() + CUNIT_SECOND / 5;
    unsigned slot = atomic_load(&mailbox->stacks);

    if (slot >= MAILBOX_STACKS || syscall(SYS_tgkill, pid, (pid_t)tid, SIGABRT) != 0)
        return;
    while (!atomic_load(&mailbox->stack[slot].written) && procspawn__cunit_now() < until)
        ppoll(NULL, 0, &turn, NULL);
}

void procspawn__cunit_stacks_of_hung(pid_t pid, struct mailbox *mailbox, FILE *out)
{
    char path[64];
    DIR *directory;
    struct dirent *entry;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return;
    atomic_store(&mailbox->asked_for_stacks, true);
    while ((entry = readdir(directory))) {
        long tid = atol(entry->d_name);

        if (tid <= 0)
            continue;
        describe_thread(pid, tid, out);
        ask_thread(pid, tid, mailbox);
    }
    closedir(directory);
}
