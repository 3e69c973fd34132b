#include "src/cunit/stacks.h"

#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/cunit/clock.h"
#include "src/cunit/inventory.h"

/* The test's process has the runner's addresses, but for libraries that it loaded itself. */
static void write_frame(FILE *out, void *address)
{
    Dl_info info;

    if (!dladdr(address, &info))
        fprintf(out, "        %p\n", address);
    else if (info.dli_sname)
        fprintf(out, "        %s+0x%zx (%s)\n", info.dli_sname, (size_t)((char *)address - (char *)info.dli_saddr),
                info.dli_fname);
    else
        fprintf(out, "        %s+0x%zx\n", info.dli_fname, (size_t)((char *)address - (char *)info.dli_fbase));
}

void procspawn__cunit_stacks_write(const struct area *area, FILE *out)
{
    for (int i = 0; i < AREA_STACKS; i++) {
        const struct area_stack *stack = &area->stack[i];
        int depth = stack->depth < AREA_FRAMES ? stack->depth : AREA_FRAMES;

        if (!atomic_load(&stack->written))
            continue;
        fprintf(out, "      stack of thread %d\n", (int)stack->tid);
        for (int frame = 0; frame < depth; frame++)
            write_frame(out, stack->frames[frame]);
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

/* A thread that blocks the signal never answers: a fifth of a second for each. */
static void ask_thread(pid_t pid, long tid, struct area *area)
{
    const struct timespec turn = { .tv_nsec = CUNIT_MILLISECOND };
    int64_t until = procspawn__cunit_now() + CUNIT_SECOND / 5;
    unsigned slot = atomic_load(&area->stacks);

    if (slot >= AREA_STACKS || syscall(SYS_tgkill, pid, (pid_t)tid, SIGABRT) != 0)
        return;
    while (!atomic_load(&area->stack[slot].written) && procspawn__cunit_now() < until)
        ppoll(NULL, 0, &turn, NULL);
}

void procspawn__cunit_stacks_of_hung(pid_t pid, struct area *area, FILE *out)
{
    char path[64];
    DIR *directory;
    struct dirent *entry;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return;
    atomic_store(&area->asked_for_stacks, true);
    while ((entry = readdir(directory))) {
        long tid = atol(entry->d_name);

        if (tid <= 0)
            continue;
        describe_thread(pid, tid, out);
        ask_thread(pid, tid, area);
    }
    closedir(directory);
}
