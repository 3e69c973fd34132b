/*
 * odd_fd.c - makes descriptors of all kinds
 */
#include "tests/hostile/odd_fd.h"

#include "tests/hostile/act.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/raw.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- memory ---- */

static void seal(struct random *random, int fd)
{
    static const int seals[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_SEAL };
    int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

    if (random_one_in(random, 3))
        all &= ~seals[random_below(random, 4)];
    fcntl(fd, F_ADD_SEALS, all);
}

int odd_fd_memory(struct random *random)
{
    char bytes[4096];
    int fd = memfd_create("odd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    off_t size = (off_t)(random_draw(random) >> (24 + random_below(random, 40)));

    if (fd < 0 || ftruncate(fd, size) < 0)
        return fd;
    random_fill(random, bytes, sizeof bytes);
    for (unsigned i = random_below(random, 3); i > 0 && size > 0; i--)
        (void)!pwrite(fd, bytes, sizeof bytes, (off_t)(random_draw(random) % (uint64_t)size));
    seal(random, fd);
    return fd;
}

static int huge_pages(struct random *random)
{
    int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

    if (fd >= 0 && ftruncate(fd, 2 << 20) == 0)
        seal(random, fd);
    return fd;
}

static int secret_memory(struct random *random)
{
    (void)random;
    return (int)syscall(SYS_memfd_secret, 0);
}

static int removed_file(struct random *random)
{
    char path[] = "/tmp/forkscope-hostile-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return -1;
    unlink(path);
    return ftruncate(fd, (off_t)random_length(random, 1 << 24)) < 0 ? -1 : fd;
}

/* ---- sockets ---- */

static int listener(struct sockaddr_in *ret_address)
{
    socklen_t length = sizeof *ret_address;
    int small = 4096, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret_address = (struct sockaddr_in){ .sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (bind(fd, (struct sockaddr *)ret_address, sizeof *ret_address) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)ret_address, &length) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int listening_socket(struct random *random)
{
    struct sockaddr_in address;

    (void)random;
    return listener(&address);
}

static int connection(void)
{
    struct sockaddr_in address;
    int at = listener(&address), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (at < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    accept4(at, NULL, NULL, SOCK_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* The other end is never read, so the last close of this one waits. */
static int lingering_socket(struct random *random)
{
    enum { SECONDS = 30 };      /* longer than a run waits for anything */
    static char junk[65536];
    struct linger linger = { 1, SECONDS };
    int fd = connection();

    (void)random;
    while (fd >= 0 && send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
        continue;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return fd;
}

static int half_open_socket(struct random *random)
{
    int fd = connection();

    (void)random;
    send(fd, "unread", 6, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    return fd;
}

static void put_into(int to, int fd)
{
    raw_send(to, "x", 1, &fd, 1, NULL);
}

/* A socket whose queue holds sockets whose queues hold sockets; itself among them. */
static int nest_of_sockets(struct random *random)
{
    int ends[2] = { -1, -1 }, inner[2], depth = (int)random_below(random, 12);

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    put_into(ends[0], ends[1]);
    put_into(ends[1], ends[0]);
    while (depth-- > 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, inner) == 0) {
        put_into(inner[0], ends[0]);
        put_into(inner[0], ends[1]);
        close(ends[0]);
        close(ends[1]);
        memcpy(ends, inner, sizeof ends);
    }
    close(ends[1]);
    return ends[0];
}

static int datagram_socket(struct random *random)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET };

    return socket(AF_UNIX, types[random_below(random, 3)] | SOCK_CLOEXEC, 0);
}

/* ---- what is watched ---- */

static int nested_epoll(struct random *random)
{
    struct epoll_event event = { .events = EPOLLIN };
    int outer = -1, inner = epoll_create1(EPOLL_CLOEXEC), watched = eventfd(1, EFD_CLOEXEC);

    if (random_one_in(random, 2))
        watched = raw_channel();
    epoll_ctl(inner, EPOLL_CTL_ADD, watched, &event);
    for (unsigned i = random_below(random, 5); i > 0; i--) {
        outer = epoll_create1(EPOLL_CLOEXEC);
        epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
        inner = outer;
    }
    return inner;
}

static int counter(struct random *random)
{
    return eventfd(random_below(random, 2), EFD_CLOEXEC);
}

static int timer(struct random *random)
{
    struct itimerspec each = { { 0, 1000 }, { 0, 1 + (long)random_below(random, 1000) } };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    timerfd_settime(fd, 0, &each, NULL);
    return fd;
}

static int signals(struct random *random)
{
    sigset_t all;

    (void)random;
    sigfillset(&all);
    return signalfd(-1, &all, SFD_CLOEXEC);
}

static int watch_of_files(struct random *random)
{
    int fd = inotify_init1(IN_CLOEXEC);

    (void)random;
    inotify_add_watch(fd, "/tmp", IN_ALL_EVENTS);
    return fd;
}

static int page_faults(struct random *random)
{
    enum { USER_MODE_ONLY = 1 };

    (void)random;
    return (int)syscall(SYS_userfaultfd, O_CLOEXEC | USER_MODE_ONLY);
}

/* ---- pipes and terminals ---- */

static int full_pipe(struct random *random)
{
    static char junk[65536];
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    while (write(ends[1], junk, sizeof junk) > 0)
        continue;
    int kept = (int)random_below(random, 2);
    close(ends[!kept]);
    return ends[kept];
}

static int fifo(struct random *random)
{
    char path[64];

    snprintf(path, sizeof path, "/tmp/forkscope-hostile-%d", (int)getpid());
    if (mkfifo(path, 0600) < 0)
        return -1;
    int fd = open(path, (random_one_in(random, 2) ? O_RDWR : O_RDONLY | O_NONBLOCK) | O_CLOEXEC);
    unlink(path);
    return fd;
}

static int terminal(struct random *random)
{
    (void)random;
    return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* ---- files ---- */

static int file(struct random *random)
{
    static const char *const paths[] = {
        "/", "/tmp", "/dev/zero", "/dev/null", "/dev/full", "/dev/urandom", "/dev/ptmx", "/proc",
        "/proc/self", "/proc/self/mem", "/proc/self/maps", "/proc/self/environ", "/proc/self/exe",
        "/proc/self/ns/net", "/proc/self/ns/user", "/proc/self/pagemap", "/proc/self/task",
        "/proc/sys/kernel/pid_max", "/proc/kmsg", "/proc/self/oom_score_adj", "/dev/fuse",
    };
    static const int modes[] = { O_RDONLY, O_RDWR, O_PATH, O_WRONLY };
    enum { PATHS = sizeof paths / sizeof paths[0] };

    return open(paths[random_below(random, PATHS)],
                modes[random_below(random, 4)] | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* ---- sockets of the library, processes ---- */

static int own_socket(struct random *random)
{
    return fcntl(random_one_in(random, 2) ? raw_channel() : raw_link(), F_DUPFD_CLOEXEC, 3);
}

static int process(struct random *random)
{
    const pid_t pids[] = { getpid(), act_server(), settings->program };

    return (int)syscall(SYS_pidfd_open, pids[random_below(random, 3)], 0);
}

int odd_fd_draw(struct random *random)
{
    typedef int make(struct random *random);
    static make *const makers[] = {
        odd_fd_memory, odd_fd_memory, huge_pages, secret_memory, removed_file, listening_socket,
        lingering_socket, lingering_socket, half_open_socket, nest_of_sockets, nest_of_sockets,
        datagram_socket, nested_epoll, counter, timer, signals, watch_of_files, page_faults,
        full_pipe, fifo, terminal, file, file, file, own_socket, own_socket, process,
    };
    enum { MAKERS = sizeof makers / sizeof makers[0] };

    return makers[random_below(random, MAKERS)](random);
}
