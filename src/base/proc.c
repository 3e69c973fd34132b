/*
 * proc.c - reads /proc to learn whether a process is ending, and its name
 */
#include "src/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the file into text; cuts it at `room` bytes. An empty text means that reading failed. */
static void read_text(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, room - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
}

/* Reads a symbolic link, which needs no free descriptor. Returns the length, or -1. */
static ssize_t read_link(const char *path, char *text, size_t room)
{
    ssize_t length = readlink(path, text, room - 1);

    text[length > 0 ? length : 0] = '\0';
    return length;
}

/*
 * Compares getpid() with the process id that /proc shows: the target of /proc/self, which is also
 * the first word of /proc/self/stat. A sandbox may refuse one of the two.
 */
bool base__proc_is_ours(void)
{
    char text[16];

    if (read_link("/proc/self", text, sizeof text) < 0)
        read_text("/proc/self/stat", text, sizeof text);
    return atoi(text) == getpid();
}

/*
 * Parses /proc/PID/stat. After the name follow: state, parent, group, session, terminal, its group,
 * flags.
 */
static bool says_that_it_ends(pid_t pid)
{
    enum { EXITING = 0x4 };
    char path[32], text[512], state;
    unsigned flags;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_text(path, text, sizeof text);
    const char *behind = strrchr(text, ')');
    return !behind || sscanf(behind + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2 ||
           state == 'Z' || state == 'X' || (flags & EXITING);
}

/*
 * An exiting process drops its memory, and with it /proc/PID/exe, before it closes its descriptors.
 */
bool base__proc_is_ending(pid_t pid)
{
    char path[32], text[2];

    if (!base__proc_is_ours())
        return false;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    if (read_link(path, text, sizeof text) >= 0)
        return false;
    return errno == ENOENT || errno == ESRCH || says_that_it_ends(pid);
}

bool base__proc_is_named(pid_t pid, const char *name)
{
    char path[32], text[32];

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    read_text(path, text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, name) == 0;
}
