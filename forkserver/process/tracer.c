/*
 * tracer.c - kills tracers that keep a killed process from ending
 *
 * A tracer can delay the end of a killed process in two ways. It can stop the process on its way
 * out (PTRACE_O_TRACEEXIT): then no signal reaches the process, its children still belong to it,
 * and its pidfd is not readable. And a dead process is first a zombie of its tracer. Both end when
 * the tracer dies, which may be traced itself, and so on. Each thread may have another tracer.
 *
 * Only descendants of servers are killed, never a server. A tracer outside the tree, such as a
 * debugger, is left alone. Two processes that each stop the other on its way out cannot be ended:
 * the kernel has no way to do it.
 */
#include "forkserver/process/tracer.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bounds the threads examined for one process in one run; the next run continues. */
struct search {
    pid_t root;
    unsigned left;
};

/* Returns the number of a key of /proc/PID/status; -1: there is no such process any more. */
static pid_t read_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    pid_t value = -1;

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

/* A chain that is too long to follow counts as below the root: only a process that hides makes one. */
static bool is_below(pid_t pid, pid_t root)
{
    enum { DEEPEST = 1024 };
    pid_t parent = read_status(pid, "PPid:");

    for (int i = 0; parent > 1 && i < DEEPEST; i++) {
        if (parent == root)
            return true;
        parent = read_status(parent, "PPid:");
    }
    return parent > 1;
}

/*
 * May this tracer be killed? It must be below the root, but neither the root itself nor a child of
 * it: these are servers, or end by themselves.
 */
static bool may_kill(pid_t tracer, pid_t root)
{
    return tracer != root && read_status(tracer, "PPid:") != root && is_below(tracer, root);
}

static void kill_tracers_of(struct search *search, pid_t pid)
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
        if (tracer <= 0 || tracer == last || !may_kill(tracer, search->root))
            continue;
        last = tracer;
        kill(tracer, SIGKILL);
        kill_tracers_of(search, tracer);
    }
    if (threads)
        closedir(threads);
}

void forkserver__kill_tracers(pid_t root, pid_t pid)
{
    enum { AT_ONCE = 64 };
    struct search search = { .root = root, .left = AT_ONCE };

    kill_tracers_of(&search, pid);
}

/* All its ancestors are known, and none of them is the root. */
static bool is_outside(pid_t pid, pid_t root)
{
    enum { DEEPEST = 1024 };

    for (int i = 0; pid > 1 && pid != root && i < DEEPEST; i++)
        pid = read_status(pid, "PPid:");
    return pid == 0 || pid == 1;
}

/* A tracer that ends meanwhile is none: a process could have itself traced by one after the other. */
bool forkserver__has_debugger(pid_t root, pid_t pid)
{
    pid_t tracer = read_status(pid, "TracerPid:");

    return tracer > 0 && is_outside(tracer, root);
}
