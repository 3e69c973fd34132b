/*
 * acts_descriptors.c - acts that change the descriptors of a process
 */
#include "tests/support/acts.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void open_file(void) { (void)!open("/proc/self/stat", O_RDONLY); }
static void open_null(void) { (void)!open("/dev/null", O_RDWR); }

static void make_file(void)
{
    char path[] = "/tmp/acts-XXXXXX";
    mkstemp(path);
    unlink(path);
}

static void make_pipe(void)
{
    int ends[2];
    (void)!pipe(ends);
}

static void make_pair(void)
{
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void make_socket(void) { socket(AF_INET, SOCK_STREAM, 0); }
static void listen_to(void) { listen(socket(AF_INET, SOCK_STREAM, 0), 5); }

static void linger(void)
{
    struct linger option = { 1, 100 };
    setsockopt(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_LINGER, &option, sizeof option);
}

static void make_event(void) { eventfd(0, 0); }
static void make_epoll(void) { epoll_create1(0); }
static void make_memory(void) { memfd_create("acts", 0); }
static void make_inotify(void) { inotify_init1(0); }
static void make_timer(void) { timerfd_create(CLOCK_MONOTONIC, 0); }

static void make_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    signalfd(-1, &set, 0);
}

static void make_pidfd(void) { syscall(SYS_pidfd_open, getpid(), 0); }
static void open_directory(void) { opendir("/"); }
static void open_terminal(void) { posix_openpt(O_RDWR | O_NOCTTY); }
static void use_high_number(void) { dup2(2, 500); }
static void close_errors(void) { close(2); }

/* Where a library may have put its own. */
static void use_many_numbers(void)
{
    int event = eventfd(0, 0);

    for (int fd = 48; fd < 64; fd++)
        dup2(event, fd);
}

static void replace_by_lingering(void)
{
    struct linger option = { 1, 100 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof option);
    dup2(fd, 1);
    close(fd);
}

static void replace_output(void) { dup2(eventfd(0, 0), 1); }
static void inherit_input(void) { fcntl(0, F_SETFD, FD_CLOEXEC); }

static long see_kind(int fd)
{
    struct stat status;
    return fstat(fd, &status) < 0 ? -1 : (long)(status.st_mode & S_IFMT);
}

static long see_errors(void) { return see_kind(2); }
static long see_streams(void) { return see_kind(0) + 3 * see_kind(1) + 7 * see_kind(2); }
static long see_output(void) { return see_kind(1); }
static long see_input(void) { return fcntl(0, F_GETFD); }

const struct act descriptor_acts[] = {
    { "an open file", open_file, acts_descriptors, 1, 0 },
    { "an open device", open_null, acts_descriptors, 1, 0 },
    { "a file without a name", make_file, acts_descriptors, 1, 0 },
    { "a pipe", make_pipe, acts_descriptors, 1, 0 },
    { "a socket pair", make_pair, acts_descriptors, 1, 0 },
    { "a socket", make_socket, acts_descriptors, 1, 0 },
    { "a listening socket", listen_to, acts_descriptors, 1, 0 },
    { "a socket that lingers", linger, acts_descriptors, 1, 0 },
    { "an eventfd", make_event, acts_descriptors, 1, 0 },
    { "an epoll set", make_epoll, acts_descriptors, 1, 0 },
    { "a memory file", make_memory, acts_descriptors, 1, 0 },
    { "an inotify set", make_inotify, acts_descriptors, 1, 0 },
    { "a timerfd", make_timer, acts_descriptors, 1, 0 },
    { "a signalfd", make_signals, acts_descriptors, 1, 0 },
    { "a pidfd", make_pidfd, acts_descriptors, 1, 0 },
    { "an open directory", open_directory, acts_descriptors, 1, 0 },
    { "a terminal", open_terminal, acts_descriptors, 1, 0 },
    { "a descriptor with a high number", use_high_number, acts_descriptors, 1, 0 },
    { "descriptors with many numbers", use_many_numbers, see_streams, 0, 1 },
    { "a lingering socket as a stream", replace_by_lingering, see_output, 0, 0 },
    { "a closed standard stream", close_errors, see_errors, 0, 0 },
    { "a replaced standard stream", replace_output, see_output, 0, 0 },
    { "a stream that is closed on exec", inherit_input, see_input, 0, 0 },
    { 0 },
};
