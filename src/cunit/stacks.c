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
#include "src/cunit/symbols.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/*
 * Writes one frame, in the form of procspawn_error_print: "#1  parse (program+0x1a40)". The test's
 * process was forked from the runner, so its addresses are valid here too, except in libraries that
 * the test loaded. The program's own file is opened by its link in /proc: the loader knows it only
 * by the name it was started with.
 */
static void write_frame(FILE *out, int number, void *address, bool interrupted)
{
    /* A return address may belong to the next function if the call does not return: the byte before
     * it is a part of the call. */
    uintptr_t inside = (uintptr_t)address - (interrupted ? 0 : 1);
    Dl_info info;
    struct link_map *map = NULL;
    char name[200];

    fprintf(out, "        #%-2d ", number);
    if (!dladdr1((void *)inside, &info, (void **)&map, RTLD_DL_LINKMAP)) {
        fprintf(out, "%p\n", address);
        return;
    }
    bool known = procspawn__cunit_symbol(map->l_name[0] ? map->l_name : "/proc/self/exe",
                                         inside - map->l_addr, name, sizeof(name)) >= 0;
    if (!known && info.dli_sname) {
        snprintf(name, sizeof(name), "%s", info.dli_sname);
        known = true;
    }
    if (known)
        fprintf(out, "%s (", name);
    fprintf(out, "%s+0x%lx%s\n", file_name(info.dli_fname),
            (unsigned long)(inside - map->l_addr), known ? ")" : "");
}

static void write_stack(FILE *out, const struct mailbox *mailbox, const struct mailbox_stack *stack)
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
    for (int frame = begin; frame < end; frame++)
        write_frame(out, frame - begin, stack->frames[frame],
                    stack->frames[frame] == stack->interrupted);
}

void procspawn__cunit_stacks_write(const struct mailbox *mailbox, FILE *out)
{
    for (int i = 0; i < MAILBOX_STACKS; i++) {
        const struct mailbox_stack *stack = &mailbox->stack[i];

        if (!atomic_load(&stack->written))
            continue;
        fprintf(out, "      stack of thread %d\n", (int)stack->tid);
        write_stack(out, mailbox, stack);
    }
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
