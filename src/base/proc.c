#include "src/base/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text is cut at its room. */
static void read_text(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, room - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
}

/* The first word is the process's number there. */
bool base__proc_is_ours(void)
{
    char text[16];

    read_text("/proc/self/stat", text, sizeof text);
    return atoi(text) == getpid();
}

/* Behind the name: state, parent, group, session, terminal, its group, flags. */
bool base__proc_is_ending(pid_t pid)
{
    enum { EXITING = 0x4 };
    char path[32], text[512], state;
    unsigned flags;

    if (!base__proc_is_ours())
        return false;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_text(path, text, sizeof text);
    const char *behind = strrchr(text, ')');
    return !behind || sscanf(behind + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2 ||
           state == 'Z' || state == 'X' || (flags & EXITING);
}
