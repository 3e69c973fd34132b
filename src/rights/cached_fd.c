/*
 * cached_fd.c - a descriptor that stays open from call to call
 */
#include "src/rights/cached_fd.h"

#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/image/image.h"
#include <errno.h>
#include <fcntl.h>

int procspawn__cached_fd_get(const struct procspawn__cached_fd *cached)
{
    return cached->owner == base__process() ? cached->fd : -1;
}

void procspawn__cached_fd_close(struct procspawn__cached_fd *cached)
{
    /* In a child, the number of a descriptor that init opened may have been reused. */
    if (cached->owner == base__process() || !procspawn__image.is_child)
        base__fd_close(cached->fd);
    cached->fd = -1;
    cached->owner = 0;
}

int procspawn__cached_fd_open(struct procspawn__cached_fd *cached)
{
    procspawn__cached_fd_close(cached);
    int fd = open(cached->path, cached->flags | O_CLOEXEC);
    cached->fd = fd < 0 ? -errno : base__fd_hold(fd);
    if (cached->fd < 0)
        return cached->fd;
    cached->owner = base__process();
    return cached->fd;
}
