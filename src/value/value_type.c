/*
 * value_type.c - the types that a descriptor in a value can have, and how a descriptor is tested
 * for each
 */
#include "src/value/value_type.h"

#include "src/base/fd.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[] = {
    [PROCSPAWN_VALUE_FD] = "fd",
    [PROCSPAWN_VALUE_SHMEM] = "shmem",
    [PROCSPAWN_VALUE_SENDER] = "sender",
    [PROCSPAWN_VALUE_RECEIVER] = "receiver",
};

const char *procspawn__kind_name(enum procspawn_value_kind kind)
{
    return names[kind];
}

enum procspawn_value_kind procspawn__kind_by_name(const char *name)
{
    for (int kind = PROCSPAWN_VALUE_FD; kind <= PROCSPAWN_VALUE_RECEIVER; kind++) {
        if (strcmp(name, names[kind]) == 0)
            return (enum procspawn_value_kind)kind;
    }
    return PROCSPAWN_VALUE_PLAIN;
}

static bool is_option(int fd, int option, int value)
{
    int is;
    socklen_t length = sizeof is;

    return getsockopt(fd, SOL_SOCKET, option, &is, &length) == 0 && is == value;
}

/* A listening socket is refused: its queue holds other sockets. */
static bool is_channel_end(int fd)
{
    return is_option(fd, SO_DOMAIN, AF_UNIX) && is_option(fd, SO_TYPE, SOCK_SEQPACKET) &&
           is_option(fd, SO_ACCEPTCONN, 0);
}

static bool is_shmem(int fd, uint64_t *ret_file)
{
    struct wire_memfd memfd;

    if (wire__memfd_look(fd, &memfd) < 0)
        return false;
    *ret_file = memfd.file;
    return memfd.is_backed;
}

bool procspawn__kind_fits(enum procspawn_value_kind kind, int fd, uint64_t *ret_file)
{
    *ret_file = 0;
    switch (kind) {
    case PROCSPAWN_VALUE_FD:
        return true;
    case PROCSPAWN_VALUE_SHMEM:
        return is_shmem(fd, ret_file);
    case PROCSPAWN_VALUE_SENDER:
    case PROCSPAWN_VALUE_RECEIVER:
        return is_channel_end(fd);
    case PROCSPAWN_VALUE_PLAIN:
    case PROCSPAWN_VALUE_BYTES:
        break;
    }
    return false;
}

static int hold_duplicate(int duplicate, uint64_t file, int *ret_fd)
{
    int held = base__fd_hold_file(duplicate, file);

    if (held < 0)
        return held;
    *ret_fd = held;
    return 0;
}

int procspawn__kind_duplicate(enum procspawn_value_kind kind, int fd, int *ret_fd)
{
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    uint64_t file;

    if (duplicate < 0)
        return -errno;
    if (!procspawn__kind_fits(kind, duplicate, &file)) {
        close(duplicate);
        return PROCSPAWN_EVALUE;
    }
    return hold_duplicate(duplicate, file, ret_fd);
}

static int why_not_held(int fd)
{
    return fcntl(fd, F_GETFD) < 0 ? -EBADF : PROCSPAWN_EVALUE;
}

/* One look tells the type and whether the file is the noted one. What is sealed stays what it is. */
static int duplicate_shmem(int fd, int *ret_fd)
{
    uint64_t file;

    if (!is_shmem(fd, &file) || !base__fd_is_ours_as(fd, file))
        return why_not_held(fd);
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return duplicate < 0 ? -errno : hold_duplicate(duplicate, file, ret_fd);
}

int procspawn__kind_duplicate_held(enum procspawn_value_kind kind, int fd, int *ret_fd)
{
    if (kind == PROCSPAWN_VALUE_SHMEM)
        return duplicate_shmem(fd, ret_fd);
    return base__fd_is_ours(fd) ? procspawn__kind_duplicate(kind, fd, ret_fd) : why_not_held(fd);
}
