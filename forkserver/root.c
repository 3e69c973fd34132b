/*
 * root.c - the process that forks the servers
 *
 * It does nothing else, so that it has little to die of: it starts the servers, starts another one
 * when one dies, and ends them all when the host asks for it, closes its link or is gone.
 */
#include "forkserver/internal.h"

#include "src/base/clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct line {
    pid_t pid;                  /* 0: no server */
    int link;                   /* root's end; its closing ends the server */
    int64_t start_after;        /* not before this moment: the last one died young */
};

struct root {
    const struct forkserver_options *options;
    struct line lines[FORKSERVER_MAX_SERVERS];
    int signals;
    int kin;
    bool ending;
    int64_t kill_at;            /* the end of the servers' patience */
};

/* After the death of a server its successor waits this long, so that a cause that stays cannot
 * spin. */
static const int64_t restart_pause = BASE_SECOND / 100;
/* What servers may need on top of the grace to see the last process go. */
static const int64_t slack = 2 * BASE_SECOND;
static const int64_t short_slack = BASE_SECOND / 2;

/* The host sees the death of a server by its pidfd, whoever holds its sockets open. */
static void tell_host(const struct root *r, unsigned index, int host_end)
{
    struct wire_server body = { .index = index, .pid = r->lines[index].pid };
    struct wire_part part = { &body, sizeof body };
    int fds[] = { host_end, (int)syscall(SYS_pidfd_open, body.pid, 0) };

    wire__send(r->options->host_link, WIRE_SERVER, &part, 1, fds, fds[1] >= 0 ? 2 : 1, true);
    if (fds[1] >= 0)
        close(fds[1]);
}

static void fork_server(struct root *r, unsigned index, const int host_pair[2],
                        const int root_pair[2])
{
    struct line *line = &r->lines[index];
    pid_t pid = fork();

    if (pid == 0)
        forkserver__server_main(r->options, index, host_pair[1], root_pair[1],
                                r->options->host_pidfd);
    if (pid < 0)
        return;
    line->pid = pid;
    line->link = root_pair[0];
    tell_host(r, index, host_pair[0]);
}

static void start_server(struct root *r, unsigned index)
{
    int host_pair[2], root_pair[2];

    r->lines[index].start_after = base__now() + restart_pause;
    if (wire__pair(host_pair) < 0)
        return;
    if (wire__pair(root_pair) == 0) {
        wire__pass_sender(host_pair[0]);
        fork_server(r, index, host_pair, root_pair);
        if (r->lines[index].pid == 0)
            close(root_pair[0]);
        close(root_pair[1]);
    }
    close(host_pair[0]);
    close(host_pair[1]);
}

static int64_t start_missing(struct root *r)
{
    int64_t next = BASE_NEVER;

    for (unsigned i = 0; i < r->options->servers && !r->ending; i++) {
        struct line *line = &r->lines[i];
        if (line->pid == 0 && line->start_after <= base__now())
            start_server(r, i);
        if (line->pid == 0 && line->start_after < next)
            next = line->start_after;
    }
    return next;
}

/* Ends the servers: they are told the grace, or see the end of file. One that was stopped goes
 * on. */
static void end_servers(struct root *r, const struct wire_end *end)
{
    r->ending = true;
    r->kill_at = base__deadline(end->grace > 0 ? end->grace + slack : short_slack);
    for (unsigned i = 0; i < r->options->servers; i++) {
        struct line *line = &r->lines[i];
        if (line->pid == 0)
            continue;
        if (end->grace > 0)
            wire__send_struct(line->link, WIRE_END, end, sizeof *end, -1, true);
        else
            shutdown(line->link, SHUT_RDWR);
        kill(line->pid, SIGCONT);
    }
}

static void on_host_link(struct root *r)
{
    unsigned char body[sizeof(struct wire_end)];
    struct wire_frame frame = { .body = body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    struct wire_end end = { 0 };
    int rc = wire__recv(r->options->host_link, &frame, true);

    if (rc == -EAGAIN)
        return;
    if (rc == 0 && frame.header.type == WIRE_END && frame.header.length == sizeof end)
        memcpy(&end, body, sizeof end);
    end_servers(r, &end);
}

static void forget_server(struct root *r, pid_t pid)
{
    for (unsigned i = 0; i < r->options->servers; i++) {
        if (r->lines[i].pid != pid)
            continue;
        close(r->lines[i].link);
        r->lines[i].pid = 0;
    }
}

/*
 * What a dead server leaves comes here, and is ended; its own children die with it by themselves. A
 * server that somebody stopped goes on, for whole trees wait for its word. True while this process
 * has any child.
 */
static bool reap(struct root *r)
{
    struct signalfd_siginfo drained;
    int status;
    pid_t pid;

    while (read(r->signals, &drained, sizeof drained) > 0)
        continue;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (WIFSTOPPED(status))
            kill(pid, SIGCONT);
        else
            forget_server(r, pid);
    }
    return pid == 0;
}

/* Everything that is a child of the root but no server. */
static void end_strangers(struct root *r)
{
    struct children servers = { .count = 0 };
    struct child known[FORKSERVER_MAX_SERVERS] = { 0 };

    for (unsigned i = 0; i < r->options->servers; i++) {
        if (r->lines[i].pid != 0)
            forkserver__child_started(&servers, &known[i], r->lines[i].pid);
    }
    forkserver__end_strangers(r->kin, &servers, getpid());
}

static void kill_servers(struct root *r)
{
    for (unsigned i = 0; i < r->options->servers; i++) {
        if (r->lines[i].pid != 0)
            kill(r->lines[i].pid, SIGKILL);
    }
    r->kill_at = BASE_NEVER;
}

static void wait_for_events(struct root *r, int64_t until)
{
    struct pollfd fds[] = {
        { .fd = r->signals, .events = POLLIN },
        { .fd = r->ending ? -1 : r->options->host_link, .events = POLLIN },
        { .fd = r->ending ? -1 : r->options->host_pidfd, .events = POLLIN },
    };

    poll(fds, 3, base__poll_timeout(until));
    if (fds[1].revents)
        on_host_link(r);
    if (fds[2].revents && !r->ending)
        end_servers(r, &(struct wire_end){ 0 });
}

/* True while there is anything to wait for. */
static bool turn(struct root *r)
{
    int64_t until = start_missing(r);

    wait_for_events(r, r->kill_at < until ? r->kill_at : until);
    bool left = reap(r);
    end_strangers(r);
    if (r->kill_at <= base__now())
        kill_servers(r);
    return left || !r->ending;
}

void forkserver__root_main(const struct forkserver_options *options)
{
    const int keep[] = { options->host_link, options->host_pidfd };
    sigset_t child_signal;

    forkserver__settle(FORKSERVER_ROOT_NAME, keep, 2, 0);
    forkserver__hold_numbers(options->held);
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    struct root r = {
        .options = options,
        .signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK),
        .kin = forkserver__kin_open(),
        .kill_at = BASE_NEVER,
    };
    while (turn(&r))
        continue;
    _exit(0);
}
