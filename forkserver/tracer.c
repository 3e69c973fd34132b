/*
 * tracer.c - ends who keeps a process from its end by tracing it
 *
 * A process that has been killed stays as long as its tracer likes in two ways. A tracer may have
 * it stopped on its way out (PTRACE_O_TRACEEXIT): no signal reaches it any more, what it started
 * still belongs to it, and its pidfd tells nothing. And one that has come to its end is a zombie of
 * its tracer first. Both are over when the tracer has died, which may be traced itself, and so on.
 * Each thread may have another tracer.
 *
 * Only tracers from below the root are ended, whose servers trace nobody but their children. One
 * outside, as a debugger, is left alone. Two processes that each stop the other one on its way out
 * are there for ever: the kernel lets nobody end them.
 */
#include "forkserver/internal.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is looked at for one process in one turn: the next turn goes on. */
struct search {
    pid_t root;
    unsigned left;
};

/* The number behind a key of /proc/PID/status; 0: none. */
static pid_t read_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    pid_t value = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, key, strlen(key)) == 0)
            value = (pid_t)atoi(line + strlen(key));
    }
    if (status)
        fclose(status);
    return value;
}

/*
 * Children of the root are servers, or end by themselves. All ways lead to the first process. Only
 * who hides at the end of a long chain makes one that is not followed to its end, so that counts as
 * one from below the root.
 */
static bool may_end(pid_t tracer, pid_t root)
{
    enum { DEEPEST = 1024 };
    pid_t parent = read_status(tracer, "PPid:");

    if (tracer == root || parent == root)
        return false;
    for (int i = 0; parent > 1 && i < DEEPEST; i++) {
        if (parent == root)
            return true;
        parent = read_status(parent, "PPid:");
    }
    return parent > 1;
}

static void end_tracers_of(struct search *search, pid_t pid)
{
    char path[64];
    pid_t last = 0;
    struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    while (threads && search->left > 0 && (entry = readdir(threads))) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0)
            continue;
        search->left--;
        pid_t tracer = read_status(thread, "TracerPid:");
        if (tracer <= 0 || tracer == last || !may_end(tracer, search->root))
            continue;
        last = tracer;
        kill(tracer, SIGKILL);
        end_tracers_of(search, tracer);
    }
    if (threads)
        closedir(threads);
}

void forkserver__end_tracers(pid_t root, pid_t pid)
{
    enum { AT_ONCE = 64 };
    struct search search = { .root = root, .left = AT_ONCE };

    end_tracers_of(&search, pid);
}
