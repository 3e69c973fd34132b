#include "src/proc/kept.h"

#include "src/base/fd.h"
#include "src/proc/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int procspawn__kept_fd(const struct procspawn__kept *kept)
{
    return kept->owner == getpid() ? kept->fd : -1;
}

void procspawn__kept_close(struct procspawn__kept *kept)
{
    /* In a child the number of a descriptor of init means something else. */
    if (kept->fd >= 0 && (kept->owner == getpid() || !procspawn__image.is_child))
        close(kept->fd);
    kept->fd = -1;
    kept->owner = 0;
}

int procspawn__kept_open(struct procspawn__kept *kept)
{
    /* What a fork has copied can be closed; what another file has taken the place of cannot. */
    if (kept->owner != getpid())
        procspawn__kept_close(kept);
    kept->fd = base__fd_behind_stdio(open(kept->path, kept->flags | O_CLOEXEC));
    if (kept->fd < 0)
        return -errno;
    kept->owner = getpid();
    return kept->fd;
}
