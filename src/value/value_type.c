/*
 * value_type.c - the types that a descriptor in a value can have, and how a descriptor is tested
 * for each
 */
#include "src/value/value_type.h"

#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <stdbool.h>
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

bool procspawn__kind_fits(enum procspawn_value_kind kind, int fd)
{
    size_t size;

    switch (kind) {
    case PROCSPAWN_VALUE_FD:
        return true;
    case PROCSPAWN_VALUE_SHMEM:
        return wire__memfd_size(fd, &size) == 0 && wire__memfd_is_backed(fd);
    case PROCSPAWN_VALUE_SENDER:
    case PROCSPAWN_VALUE_RECEIVER:
        return is_channel_end(fd);
    case PROCSPAWN_VALUE_PLAIN:
    case PROCSPAWN_VALUE_BYTES:
        break;
    }
    return false;
}

int procspawn__kind_duplicate(enum procspawn_value_kind kind, int fd, int *ret_fd)
{
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (duplicate < 0)
        return -errno;
    if (!procspawn__kind_fits(kind, duplicate)) {
        close(duplicate);
        return PROCSPAWN_EVALUE;
    }
    *ret_fd = duplicate;
    return 0;
}
