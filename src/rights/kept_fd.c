/*
 * kept_fd.c - a descriptor that stays open from call to call
 */
#include "src/rights/kept_fd.h"

#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/image/image.h"
#include <errno.h>
#include <fcntl.h>

int procspawn__kept_fd(const struct procspawn__kept *kept)
{
    return kept->owner == base__process() ? kept->fd : -1;
}

void procspawn__kept_close(struct procspawn__kept *kept)
{
    /* In a child, the number of a descriptor that init opened may have been reused. */
    if (kept->owner == base__process() || !procspawn__image.is_child)
        base__fd_close(kept->fd);
    kept->fd = -1;
    kept->owner = 0;
}

int procspawn__kept_open(struct procspawn__kept *kept)
{
    procspawn__kept_close(kept);
    int fd = open(kept->path, kept->flags | O_CLOEXEC);
    kept->fd = fd < 0 ? -errno : base__fd_hold(fd);
    if (kept->fd < 0)
        return kept->fd;
    kept->owner = base__process();
    return kept->fd;
}
