#include "examples/vet/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct process {
    pid_t pid;
    pid_t parent;
    bool below;
};

struct processes {
    struct process *all;
    size_t count;
};

int leftovers_watch(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/*
 * The parent stands in the second field behind the name, which is in parentheses and may hold
 * anything.
 */
static pid_t read_parent(pid_t pid)
{
    char path[64];
    char line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stream = fopen(path, "re");
    if (!stream)
        return -1;
    size_t length = fread(line, 1, sizeof line - 1, stream);
    fclose(stream);
    line[length] = '\0';
    const char *end = strrchr(line, ')');
    int parent;
    return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

static int add(struct processes *processes, pid_t pid)
{
    struct process *all = realloc(processes->all, (processes->count + 1) * sizeof *all);
    if (!all)
        return -ENOMEM;
    processes->all = all;
    all[processes->count++] = (struct process) { .pid = pid, .parent = read_parent(pid) };
    return 0;
}

static int list(struct processes *processes)
{
    DIR *stream = opendir("/proc");
    if (!stream)
        return -errno;
    int code = 0;
    const struct dirent *entry;
    while (code == 0 && (entry = readdir(stream))) {
        int pid = atoi(entry->d_name);
        if (pid > 0)
            code = add(processes, pid);
    }
    closedir(stream);
    return code;
}

static bool is_below(const struct processes *processes, const struct process *process)
{
    if (process->parent == getpid())
        return true;
    for (size_t i = 0; i < processes->count; i++)
        if (processes->all[i].pid == process->parent)
            return processes->all[i].below;
    return false;
}

/* Marks what is below, a generation each time, until there are no more. */
static int count_below(struct processes *processes)
{
    int count = 0;
    int before;
    do {
        before = count;
        for (size_t i = 0; i < processes->count; i++) {
            struct process *process = &processes->all[i];
            if (!process->below && is_below(processes, process)) {
                process->below = true;
                count++;
            }
        }
    } while (count != before);
    return count;
}

int leftovers_count(void)
{
    struct processes processes = { NULL, 0 };
    int code = list(&processes);
    int count = code < 0 ? code : count_below(&processes);
    free(processes.all);
    return count;
}
