/*
 * escape_world.c - makes what sandboxed functions try to reach, and looks whether they did
 */
#include "tests/support/escape_world.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct escape_world escape_world;

static struct escape_world *const w = &escape_world;

/* ---- files ---- */

static void write_file(const char *path)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CU_ASSERT_FATAL(fd >= 0);
    PROCSPAWN_CUNIT_EQUAL(write(fd, "text", 4), 4);
    close(fd);
    chmod(path, 0644);
}

static void name(char *path, size_t room, const char *text)
{
    snprintf(path, room, "%s/%s", w->directory, text);
}

static void fill_directory(void)
{
    write_file(w->in_file);
    write_file(w->out_file);
    write_file(w->out_data);
    write_file(w->made_file);
    unlink(w->written_new);
    unlink(w->in_link);
    PROCSPAWN_CUNIT_EQUAL(symlink(w->out_file, w->in_link), 0);
    unlink(w->in_new);
    unlink(w->out_new);
}

static void make_files(void)
{
    strcpy(w->directory, "/tmp/escape-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(w->directory) != NULL);
    name(w->in, sizeof w->in, "in");
    name(w->out, sizeof w->out, "out");
    name(w->made, sizeof w->made, "made");
    name(w->written, sizeof w->written, "written");
    mkdir(w->in, 0755);
    mkdir(w->out, 0755);
    mkdir(w->made, 0755);
    mkdir(w->written, 0755);
    name(w->made_file, sizeof w->made_file, "made/file");
    name(w->written_new, sizeof w->written_new, "written/new");
    name(w->in_file, sizeof w->in_file, "in/file");
    name(w->in_new, sizeof w->in_new, "in/new");
    name(w->in_link, sizeof w->in_link, "in/link");
    name(w->out_file, sizeof w->out_file, "out/file");
    name(w->out_new, sizeof w->out_new, "out/new");
    name(w->out_data, sizeof w->out_data, "out/data");
    fill_directory();
}

static bool is_unchanged(const char *path, uid_t owner)
{
    char text[8] = "";
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    return length == 4 && strcmp(text, "text") == 0 && stat(path, &status) == 0 &&
           (status.st_mode & 07777) == 0644 && status.st_uid == owner && status.st_nlink == 1;
}

static bool files_are_unchanged(void)
{
    return is_unchanged(w->out_file, geteuid()) && access(w->out_new, F_OK) < 0;
}

/* ---- processes ---- */

static void wait_for_the_end(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    for (;;)
        pause();
}

static void make_processes(void)
{
    w->host = getpid();
    w->niceness = getpriority(PRIO_PROCESS, 0);
    w->victim = fork();
    CU_ASSERT_FATAL(w->victim >= 0);
    if (w->victim == 0)
        wait_for_the_end();
    w->shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(w->shared != MAP_FAILED);
}

static bool victim_is_unchanged(void)
{
    siginfo_t ended = { .si_pid = 0 };
    cpu_set_t processors, own;
    struct rlimit limit, mine;

    if (waitid(P_PID, (id_t)w->victim, &ended, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) < 0 ||
        ended.si_pid != 0)
        return false;
    return sched_getaffinity(w->victim, sizeof processors, &processors) == 0 &&
           sched_getaffinity(0, sizeof own, &own) == 0 && CPU_EQUAL(&processors, &own) &&
           prlimit(w->victim, RLIMIT_NOFILE, NULL, &limit) == 0 &&
           getrlimit(RLIMIT_NOFILE, &mine) == 0 && limit.rlim_cur == mine.rlim_cur &&
           getpriority(PRIO_PROCESS, (id_t)w->victim) == w->niceness;
}

/* ---- sockets ---- */

static int bound(int family, int type, const void *address, socklen_t length)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_FATAL(bind(fd, address, length) == 0);
    return fd;
}

static int bound_to_port(int type, struct sockaddr_in *ret_address)
{
    socklen_t length = sizeof *ret_address;

    *ret_address = (struct sockaddr_in){ .sin_family = AF_INET };
    ret_address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = bound(AF_INET, type, ret_address, sizeof *ret_address);
    getsockname(fd, (struct sockaddr *)ret_address, &length);
    return fd;
}

static int bound_to_path(int type, const char *text, struct sockaddr_un *ret_address)
{
    ret_address->sun_family = AF_UNIX;
    snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "%s/%s", w->directory, text);
    return bound(AF_UNIX, type, ret_address, sizeof *ret_address);
}

static int bound_to_abstract_name(void)
{
    struct sockaddr_un *address = &w->abstract_address;
    int length;

    address->sun_family = AF_UNIX;
    length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "escape-%d", getpid());
    w->abstract_length = (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)length;
    return bound(AF_UNIX, SOCK_STREAM, address, w->abstract_length);
}

static unsigned free_port(void)
{
    struct sockaddr_in address;

    close(bound_to_port(SOCK_STREAM, &address));
    return ntohs(address.sin_port);
}

static void make_sockets(void)
{
    w->listener = bound_to_port(SOCK_STREAM, &w->tcp_address);
    w->udp = bound_to_port(SOCK_DGRAM, &w->udp_address);
    w->named = bound_to_path(SOCK_STREAM, "out/stream", &w->stream_address);
    w->datagrams = bound_to_path(SOCK_DGRAM, "out/datagrams", &w->datagram_address);
    w->hidden = bound_to_abstract_name();
    listen(w->listener, 64);
    listen(w->named, 64);
    listen(w->hidden, 64);
    w->connect_port = free_port();
    w->listen_port = free_port();
}

/* A connection, or a message: it is taken. */
static bool was_reached(int fd)
{
    char text[8];
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    bool reached = false;

    while (poll(&poll_fd, 1, 0) > 0) {
        int connection = accept(fd, NULL, NULL);
        if (connection >= 0)
            close(connection);
        else if (recv(fd, text, sizeof text, MSG_DONTWAIT) < 0)
            break;
        reached = true;
    }
    return reached;
}

static bool sockets_were_reached(void)
{
    bool any = was_reached(w->listener);

    any = was_reached(w->udp) || any;
    any = was_reached(w->named) || any;
    any = was_reached(w->datagrams) || any;
    return was_reached(w->hidden) || any;
}

/* ---- what is handed in ---- */

static int memory_for_reading(void)
{
    char path[64];
    int fd = memfd_create("memory", MFD_CLOEXEC);

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    close(fd);
    return reader;
}

static void make_hands(void)
{
    int ends[2];

    w->descriptors[HAND_NOTHING] = -1;
    w->descriptors[HAND_DIRECTORY] = open(w->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    w->descriptors[HAND_FILE] = open(w->out_file, O_RDONLY | O_CLOEXEC);
    w->descriptors[HAND_WRITABLE] = open(w->out_data, O_RDWR | O_CLOEXEC);
    w->descriptors[HAND_PATH] = open(w->out_file, O_PATH | O_CLOEXEC);
    w->descriptors[HAND_PIDFD] = (int)syscall(SYS_pidfd_open, w->victim, 0);
    w->descriptors[HAND_TCP] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    w->descriptors[HAND_UDP] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    w->descriptors[HAND_LOCAL] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PROCSPAWN_CUNIT_EQUAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    w->descriptors[HAND_DATAGRAMS] = ends[0];
    close(ends[1]);
    w->descriptors[HAND_LISTENER] = dup(w->listener);
    PROCSPAWN_CUNIT_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    w->descriptors[HAND_PIPE] = ends[0];
    w->pipe_writer = ends[1];
    w->descriptors[HAND_MEMORY] = memory_for_reading();
    for (int i = HAND_NOTHING + 1; i < HAND_COUNT; i++)
        CU_ASSERT_FATAL(w->descriptors[i] >= 0);
}

/* ---- all ---- */

void escape_world_make(void)
{
    make_files();
    make_processes();
    make_sockets();
    make_hands();
}

void escape_world_remove(void)
{
    char command[64];
    const int sockets[] = { w->listener, w->datagrams, w->named, w->hidden, w->udp };

    for (int i = HAND_NOTHING + 1; i < HAND_COUNT; i++)
        close(w->descriptors[i]);
    close(w->pipe_writer);
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++)
        close(sockets[i]);
    munmap(w->shared, 4096);
    kill(w->victim, SIGKILL);
    waitpid(w->victim, NULL, 0);
    snprintf(command, sizeof command, "rm -rf %s", w->directory);
    PROCSPAWN_CUNIT_EQUAL(system(command), 0);
}

void escape_world_check(const char *attempt)
{
    const bool files = files_are_unchanged(), victim = victim_is_unchanged();
    const bool reached = sockets_were_reached();

    if (!files || !victim || reached)
        printf("    %s: %s%s%s\n", attempt, files ? "" : "a file was changed ",
               victim ? "" : "a process was changed ", reached ? "a socket was reached" : "");
    CU_ASSERT(files);
    CU_ASSERT(victim);
    CU_ASSERT(!reached);
}

void escape_world_mend(void)
{
    sockets_were_reached();
    fill_directory();
}
