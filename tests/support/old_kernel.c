/*
 * old_kernel.c - setsockopt(2) as it was before Linux 6.16, for programs linked with
 * --wrap=setsockopt
 */
#include <errno.h>
#include <sys/socket.h>

enum { PASSRIGHTS = 83 };

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    if (level == SOL_SOCKET && name == PASSRIGHTS) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return __real_setsockopt(fd, level, name, value, length);
}
