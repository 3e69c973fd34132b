/*
 * tracee.c - stops and inspects threads by ptrace
 */
#include "src/crash/tracee.h"

#include "src/base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec look_again = {.tv_nsec = 5000000};

static bool is_known(const struct tracees *tracees, pid_t tid)
{
    for (size_t i = 0; i < tracees->count; i++)
        if (tracees->tracee[i].tid == tid)
            return true;
    return false;
}

static void read_name(pid_t pid, struct tracee *tracee)
{
    char path[64];
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)pid, (int)tracee->tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    got = read(fd, tracee->name, sizeof tracee->name);
    if (got > 0)
        tracee->name[got - 1] = '\0'; /* in place of the newline */
    close(fd);
}

/*
 * A main thread that ended before the others stays as a zombie. Tracing it fails with EPERM, as
 * without the right to trace.
 */
static bool has_ended(pid_t pid, pid_t tid)
{
    char path[64], stat[512] = "";
    const char *state;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    if (read(fd, stat, sizeof stat - 1) < 0)
        stat[0] = '\0';
    close(fd);
    state = strrchr(stat, ')');    /* the name before it may contain any character */
    return state && strncmp(state, ") Z", 3) == 0;
}

static void seize(struct tracees *tracees, pid_t pid, pid_t tid)
{
    struct tracee *tracee = &tracees->tracee[tracees->count++];

    *tracee = (struct tracee){ .tid = tid, .call = -1 };
    read_name(pid, tracee);
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0)
        tracee->error = -errno;
    if (tracee->error == -EPERM && has_ended(pid, tid))
        tracee->error = -ESRCH;
}

/*
 * Scans the thread list once; returns false if it held nothing new. Threads can be created while
 * others are being stopped.
 */
static bool seize_new(struct tracees *tracees, pid_t pid, DIR *directory)
{
    size_t before = tracees->count;
    struct dirent *entry;

    tracees->more = 0;
    rewinddir(directory);
    while ((entry = readdir(directory))) {
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (tid <= 0 || is_known(tracees, tid))
            continue;
        if (tracees->count < TRACEES_MAX)
            seize(tracees, pid, tid);
        else
            tracees->more++;
    }
    return tracees->count > before;
}

/*
 * The thread id may come from the process's own memory, so it must be one of its threads: no other
 * process may be stopped.
 */
static bool is_thread(DIR *directory, pid_t tid)
{
    char name[16];

    snprintf(name, sizeof name, "%d", (int)tid);
    return faccessat(dirfd(directory), name, F_OK, 0) == 0;
}

static int seize_all(struct tracees *tracees, pid_t pid, pid_t first)
{
    char path[32];
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return errno == ENOENT ? -ESRCH : -errno;
    if (is_thread(directory, first))
        seize(tracees, pid, first);
    if (!is_known(tracees, pid) && is_thread(directory, pid))
        seize(tracees, pid, pid);
    while (seize_new(tracees, pid, directory))
        ;
    closedir(directory);
    return 0;
}

/* A stop raises SIGCHLD, so waiting for that signal waits for the stop. */
static int wait_stopped(pid_t tid, int64_t deadline)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        int status;
        pid_t got = waitpid(tid, &status, WNOHANG | __WALL);

        if (got < 0)
            return -errno;
        if (got > 0)
            return WIFSTOPPED(status) ? 0 : -ESRCH;
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        sigtimedwait(&child, NULL, &look_again);
    }
}

/*
 * Reads which system call a thread is in, and its registers there if they are not known: of one
 * that cannot stop (it waits for a disk, or for a vfork child), or that may not be traced, as it
 * has a tracer already.
 */
static void read_syscall(pid_t pid, struct tracee *tracee)
{
    unsigned long long argument[6], sp, pc;
    char path[64], text[256] = "";
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)pid, (int)tracee->tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 &&
        sscanf(text, "%ld %llx %llx %llx %llx %llx %llx %llx %llx", &tracee->call, &argument[0],
               &argument[1], &argument[2], &argument[3], &argument[4], &argument[5], &sp,
               &pc) == 9) {
        for (int i = 0; i < 6; i++)
            tracee->argument[i] = argument[i];
        if (tracee->error)
            crash__machine_from_syscall(tracee->argument, sp, pc, &tracee->registers);
    } else {
        tracee->call = -1;
    }
    close(fd);
}

int crash__tracees_stop(struct tracees *ret_tracees, pid_t pid, pid_t first, int64_t deadline)
{
    int error;

    ret_tracees->count = 0;
    ret_tracees->more = 0;
    error = seize_all(ret_tracees, pid, first);
    for (size_t i = 0; i < ret_tracees->count; i++) {
        struct tracee *tracee = &ret_tracees->tracee[i];

        if (!tracee->error)
            tracee->error = wait_stopped(tracee->tid, deadline);
        if (tracee->error != -ESRCH)
            read_syscall(pid, tracee);
        if (!tracee->error)
            tracee->error = crash__machine_from_stopped(tracee->tid, &tracee->registers);
    }
    return error;
}

void crash__tracees_lead_living(struct tracees *tracees)
{
    struct tracee *first = &tracees->tracee[0];

    for (size_t i = 1; i < tracees->count && first->error == -ESRCH; i++) {
        const struct tracee ended = *first;

        if (tracees->tracee[i].error == -ESRCH)
            continue;
        *first = tracees->tracee[i];
        tracees->tracee[i] = ended;
    }
}

void crash__tracees_release(struct tracees *tracees)
{
    for (size_t i = 0; i < tracees->count; i++)
        ptrace(PTRACE_DETACH, tracees->tracee[i].tid, 0, 0);
}
