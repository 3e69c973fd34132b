/*
 * shared_fd.c - one descriptor for many calls that wait
 */
#include "src/call/shared_fd.h"

#include "src/base/fd.h"
#include <errno.h>
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool procspawn__same_file(int fd, int other)
{
    pid_t self = getpid();

    return syscall(SYS_kcmp, self, self, KCMP_FILE, (unsigned long)fd, (unsigned long)other) == 0;
}

bool procspawn__same_directory(int fd, int other)
{
    struct stat one, two;

    return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

static int make(int fd, struct procspawn__shared_fd **ret_shared)
{
    struct procspawn__shared_fd *shared = malloc(sizeof *shared);

    if (!shared)
        return -ENOMEM;
    *shared = (struct procspawn__shared_fd){ .references = 1, .fd = base__fd_copy(fd) };
    if (shared->fd < 0) {
        int rc = shared->fd;
        free(shared);
        return rc;
    }
    *ret_shared = shared;
    return 0;
}

int procspawn__shared_fd_copy(int fd, bool (*same)(int fd, int other),
                              struct procspawn__shared_fd **last,
                              struct procspawn__shared_fd **ret_shared)
{
    if (!*last || !base__fd_is_ours((*last)->fd) || !same((*last)->fd, fd)) {
        struct procspawn__shared_fd *fresh;
        int rc = make(fd, &fresh);
        if (rc < 0)
            return rc;
        procspawn__shared_fd_drop(*last);
        *last = fresh;
    }
    (*last)->references++;
    *ret_shared = *last;
    return 0;
}

void procspawn__shared_fd_drop(struct procspawn__shared_fd *shared)
{
    if (!shared || --shared->references > 0)
        return;
    base__fd_close(shared->fd);
    free(shared);
}

void procspawn__shared_fd_forget(struct procspawn__shared_fd *shared)
{
    if (shared && --shared->references == 0)
        free(shared);
}
