/*
 * cached_fd.h - a descriptor that stays open because every call reads from it
 *
 * The program may close it and reuse its number. So the user reads something from it that no other
 * file has and, if that is not what was expected, opens the descriptor again. This costs less than
 * a look at the inode before each read. Each process opens its own. Only the main thread uses
 * these, so there is no lock.
 */
#ifndef FORKSCOPE_RIGHTS_CACHED_FD_H
#define FORKSCOPE_RIGHTS_CACHED_FD_H

#include <stdint.h>

struct procspawn__cached_fd {
    const char *path;
    int flags;                  /* for open(2) */
    int fd;                     /* -1: not open */
    uint64_t owner;             /* base__process() of the process that opened it; 0: none */
};

/*
 * Returns the descriptor, borrowed; -1 if this process has not opened it. The number may belong to
 * another file by now.
 */
int procspawn__cached_fd_get(const struct procspawn__cached_fd *cached);
/* Closes the old descriptor and opens a new one. Returns it, borrowed, or -errno. */
int procspawn__cached_fd_open(struct procspawn__cached_fd *cached);
void procspawn__cached_fd_close(struct procspawn__cached_fd *cached);

#endif
