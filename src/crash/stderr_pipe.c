/*
 * stderr_pipe.c - reads what lies unread in a pipe that is the stderr of a process
 */
#include "src/crash/stderr_pipe.h"

#include "src/base/utf8.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A pipe that has a name could let a process go on that waits for its reader. */
static bool is_anonymous_pipe(int fd)
{
    struct stat status;
    struct statfs system;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && fstatfs(fd, &system) == 0 &&
           system.f_type == PIPEFS_MAGIC;
}

/* Only what has been judged is opened, whatever the process does meanwhile. */
int crash__stderr_open(pid_t pid)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, STDERR_FILENO);
    int judged = open(path, O_PATH | O_CLOEXEC);
    if (judged < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", judged);
    int fd = is_anonymous_pipe(judged) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    close(judged);
    return fd;
}

/* A pipe with as many places as the other, so that all that is in this one fits. */
static bool open_copy(int fd, int ends[2])
{
    int size = fcntl(fd, F_GETPIPE_SZ);

    if (size <= 0 || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    if (fcntl(ends[1], F_GETPIPE_SZ) >= size || fcntl(ends[1], F_SETPIPE_SZ, size) >= size)
        return true;
    close(ends[0]);
    close(ends[1]);
    return false;
}

/* Keeps the last bytes of all that is read. */
static void read_last(int fd, char ret_text[STDERR_LAST + 1])
{
    char bytes[STDERR_LAST];
    size_t kept = 0, skipped = 0;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        size_t old = kept + (size_t)got > STDERR_LAST ? STDERR_LAST - (size_t)got : kept;

        skipped += kept - old;
        memmove(ret_text, ret_text + kept - old, old);
        memcpy(ret_text + old, bytes, (size_t)got);
        kept = old + (size_t)got;
    }
    if (skipped > 0) {
        skipped = base__utf8_rest(ret_text, kept);
        kept -= skipped;
        memmove(ret_text, ret_text + skipped, kept);
    }
    base__make_utf8(ret_text, kept);
    ret_text[kept] = '\0';
}

void crash__stderr_read(int fd, char ret_text[STDERR_LAST + 1])
{
    enum { ALL = 1 << 30 };
    int ends[2];

    ret_text[0] = '\0';
    if (fd < 0 || !open_copy(fd, ends))
        return;
    bool any = tee(fd, ends[1], ALL, SPLICE_F_NONBLOCK) > 0;
    close(ends[1]);
    if (any)
        read_last(ends[0], ret_text);
    close(ends[0]);
}
