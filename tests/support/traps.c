#include "tests/support/traps.h"

#include "tests/support/trial_report.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const char known[] = "known";
enum { KNOWN = sizeof known };

static struct {
    int fd;                     /* the trap itself */
    int peer;                   /* of a socket */
} trap = { -1, -1 };

static int open_pipe(void)
{
    int ends[2];
    char path[40];

    if (pipe(ends) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    int both = open(path, O_RDWR);
    close(ends[0]);
    close(ends[1]);
    return both;
}

static int open_socket(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return -1;
    trap.peer = ends[1];
    return ends[0];
}

void trap_set(enum kind kind)
{
    int fill = -1;

    if (kind == PIPE)
        fill = trap.fd = open_pipe();
    else if (kind == FILE_THERE)
        fill = trap.fd = memfd_create("trap", 0);
    else if (kind == EVENT)
        trap.fd = eventfd(7, EFD_NONBLOCK);
    if (kind == SOCKET) {
        trap.fd = open_socket();
        fill = trap.peer;
    }
    if (fill >= 0 && write(fill, known, KNOWN) != KNOWN)
        blame("no trap");
}

static bool holds_known(int fd)
{
    char text[64] = "";

    return read(fd, text, sizeof text) == KNOWN && memcmp(text, known, KNOWN) == 0;
}

static void check_socket(void)
{
    struct pollfd peer = { .fd = trap.peer, .events = POLLIN | POLLRDHUP };
    int credentials = 1;
    socklen_t length = sizeof credentials;

    getsockopt(trap.fd, SOL_SOCKET, SO_PASSCRED, &credentials, &length);
    if (poll(&peer, 1, 0) != 0)
        blame("the socket was written to, or shut down");
    if (credentials != 0)
        blame("an option of the socket was changed");
    if (!holds_known(trap.fd))
        blame("the socket was read");
}

static void check_event(void)
{
    eventfd_t value = 0;

    if (eventfd_read(trap.fd, &value) < 0 || value != 7)
        blame("the event was read or written: %d", (int)value);
}

void trap_check(enum kind kind)
{
    int there = 0;

    if (kind == SOCKET)
        check_socket();
    else if (kind == EVENT)
        check_event();
    else if (kind == PIPE && (ioctl(trap.fd, FIONREAD, &there) < 0 || there != KNOWN ||
                              !holds_known(trap.fd)))
        blame("the pipe was read or written");
    else if (kind == FILE_THERE && (lseek(trap.fd, 0, SEEK_CUR) != KNOWN ||
                                    lseek(trap.fd, 0, SEEK_END) != KNOWN ||
                                    lseek(trap.fd, 0, SEEK_SET) != 0 || !holds_known(trap.fd)))
        blame("the file was read or written");
}

void trap_take_number(int fd, enum kind kind)
{
    if (kind == NOTHING)
        close(fd);
    else
        dup2(trap.fd, fd);
}
