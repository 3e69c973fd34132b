#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

int base__fd_behind_stdio(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(fd);
    return copy < 0 ? -error : copy;
}

int base__ends_behind_stdio(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        ends[i] = base__fd_behind_stdio(ends[i]);
        if (ends[i] < 0) {
            close(ends[!i]);
            return ends[i];
        }
    }
    return 0;
}

int base__event(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : base__fd_behind_stdio(fd);
}
