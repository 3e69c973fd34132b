/*
 * bench_floor.c - a lower bound for libraries of this kind: a fork server without any safety
 *
 * It forks eight children in a row, each with one socket pair, passes these to its host in one
 * message, and reaps the eight; each reports its end with one byte if the host asks for it. A call
 * is one byte in each direction. Nothing is inherited, checked or reported, and a crash ends
 * everything.
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROW = 8 };

static bool told;               /* of each that is reaped */
static int server = -1;
static int channels[ROW];
static unsigned left;

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(ROW * sizeof(int))];
};

/* One byte and the row of descriptors; the caller fills in or takes out the latter. */
static struct msghdr row_message(struct iovec *byte, union control *control)
{
    static char nothing;

    *byte = (struct iovec){ &nothing, 1 };
    return (struct msghdr){ .msg_iov = byte, .msg_iovlen = 1, .msg_control = control,
                            .msg_controllen = sizeof *control };
}

static void hand_over(int socket, const int ends[ROW])
{
    struct iovec byte;
    union control control = { .bytes = { 0 } };
    struct msghdr message = row_message(&byte, &control);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
                              .cmsg_len = CMSG_LEN(ROW * sizeof(int)) };
    memcpy(CMSG_DATA(head), ends, ROW * sizeof(int));
    if (sendmsg(socket, &message, 0) != 1)
        _exit(1);
}

static void answer_one_call(int channel)
{
    char byte;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (read(channel, &byte, 1) == 1)
        _exit(write(channel, &byte, 1) != 1);
    _exit(1);
}

static void fork_row(int socket)
{
    int ends[ROW];

    for (int i = 0; i < ROW; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
            _exit(1);
        if (fork() == 0)
            answer_one_call(pair[1]);
        close(pair[1]);
        ends[i] = pair[0];
    }
    hand_over(socket, ends);
    for (int i = 0; i < ROW; i++)
        close(ends[i]);
    for (int i = 0; i < ROW; i++) {
        wait(NULL);
        if (told && write(socket, "", 1) != 1)
            _exit(1);
    }
}

static bool start_server(void)
{
    int pair[2];
    char request;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (read(pair[1], &request, 1) == 1)
            fork_row(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    server = pair[0];
    return pid > 0;
}

static bool fetch_row(void)
{
    struct iovec byte;
    union control control;
    struct msghdr message = row_message(&byte, &control);

    if (write(server, "", 1) != 1 || recvmsg(server, &message, MSG_CMSG_CLOEXEC) != 1)
        return false;
    memcpy(channels, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof channels);
    left = ROW;
    return true;
}

static bool call(void)
{
    char byte = 0;

    if (left == 0 && !fetch_row())
        return false;
    int channel = channels[--left];
    bool ok = write(channel, &byte, 1) == 1 && read(channel, &byte, 1) == 1;
    close(channel);
    return ok;
}

static double calls_in_a_row(void)
{
    return bench_in_a_row(call);
}

static double one_call(void)
{
    double start = bench_now();
    return call() ? bench_now() - start : -1;
}

static bool start_server_that_tells(void)
{
    told = true;
    return start_server();
}

static double one_reaped_call(void)
{
    char byte;
    double start = bench_now();

    return call() && read(server, &byte, 1) == 1 ? bench_now() - start : -1;
}

const struct pair bench_floor_pairs[] = {
    { .name = "floor.paced.vs_fork", .subject = { "bare fork server", start_server, one_call },
      .baseline = BENCH_FORK, .samples = 2000, .quick_samples = 400, .pause = 1000, .row = 10 },
    { .name = "floor.reaped.vs_fork", .subject = { "bare fork server, reaped",
      start_server_that_tells, one_reaped_call }, .baseline = BENCH_FORK, .samples = 2000,
      .quick_samples = 400, .pause = 1000, .row = 10 },
    { .name = "floor.sustained.vs_fork", .subject = { "bare fork server", start_server,
      calls_in_a_row }, .baseline = { "fork+_exit+waitpid", NULL, bench_forks_in_a_row },
      .samples = 25, .quick_samples = 8 },
    { .name = NULL }
};
