/*
 * root.c - the process that forks the servers
 *
 * It does nothing else, so that it has little to die of: it starts the servers, starts another one
 * when one dies, and ends them all when the host asks for it, closes its link or is gone.
 */
#include "forkserver/internal.h"

#include "src/base/clock.h"
#include "src/base/process.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the host is still to be told of one server. */
struct news {
    int link;                   /* the host's end of the one that was started; -1: told */
    uint64_t left;              /* serial of the one that died last; 0: told */
};

struct line {
    pid_t pid;                  /* 0: no server */
    uint64_t serial;
    int link;                   /* root's end; its closing ends the server */
    int64_t start_after;        /* not before this moment: the last one died young */
    struct news news;
};

struct root {
    const struct forkserver_options *options;
    struct line lines[FORKSERVER_MAX_SERVERS];
    uint64_t last_serial;
    int signals;
    int kin;
    int refusal;                /* why no server could be started, to be told; 0: nothing to tell */
    bool clear;                 /* nothing is left of those that died */
    int64_t look_at;            /* what is left is looked at again; INT64_MAX: nothing is */
    bool untold;                /* the link to the host had no room */
    int64_t tell_at;            /* there was nothing to tell with; INT64_MAX: there was */
    bool ending;
    int64_t kill_at;            /* the end of the servers' patience */
};

/* After the death of a server its successor waits this long, so that a cause that stays cannot
 * spin. */
static const int64_t restart_pause = BASE_SECOND / 100;
/* What servers may need on top of the grace to see the last process go. */
static const int64_t slack = 2 * BASE_SECOND;
static const int64_t short_slack = BASE_SECOND / 2;

/* ---- what the host is told ---- */

/* A shortage passes. Who has closed the link hears nothing any more. */
static bool sent(struct root *r, int rc)
{
    static const int64_t pause = BASE_SECOND / 50;

    if (rc == 0 || rc == -EPIPE)
        return true;
    if (rc == -EAGAIN)
        r->untold = true;
    else
        r->tell_at = base__deadline(pause);
    return false;
}

/* The host sees the death of a server by its pidfd, whoever holds its sockets open. */
static void tell_server(struct root *r, unsigned index)
{
    struct line *line = &r->lines[index];
    struct wire_server body = { .serial = line->serial, .index = index, .pid = line->pid };
    struct wire_part part = { &body, sizeof body };
    int fds[] = { line->news.link, (int)syscall(SYS_pidfd_open, body.pid, 0) };
    int rc = wire__send(r->options->host_link, WIRE_SERVER, &part, 1, fds, fds[1] >= 0 ? 2 : 1,
                        true);

    if (sent(r, rc)) {
        close(line->news.link);
        line->news.link = -1;
    }
    if (fds[1] >= 0)
        close(fds[1]);
}

static void tell_gone(struct root *r, unsigned index)
{
    struct news *news = &r->lines[index].news;
    struct wire_gone body = { .serial = news->left, .index = index };

    if (sent(r, wire__send_struct(r->options->host_link, WIRE_GONE, &body, sizeof body, -1, true)))
        news->left = 0;
}

static void tell_refusal(struct root *r)
{
    struct wire_refused body = { .error = r->refusal };

    if (sent(r, wire__send_struct(r->options->host_link, WIRE_REFUSED, &body, sizeof body, -1,
                                  true)))
        r->refusal = 0;
}

/* What cannot be told now is told when there is room. */
static void tell_host(struct root *r)
{
    r->untold = false;
    r->tell_at = BASE_NEVER;
    if (r->refusal)
        tell_refusal(r);
    for (unsigned i = 0; i < r->options->servers; i++) {
        struct line *line = &r->lines[i];
        if (line->news.left && r->clear)
            tell_gone(r, i);
        if (line->news.link >= 0 && line->pid != 0)
            tell_server(r, i);
    }
}

/* ---- starting ---- */

static int fork_server(struct root *r, unsigned index, const int host_pair[2],
                       const int root_pair[2])
{
    struct line *line = &r->lines[index];
    pid_t pid = fork();

    if (pid == 0)
        forkserver__server_main(r->options, index, host_pair[1], root_pair[1],
                                r->options->host_pidfd);
    if (pid < 0)
        return -errno;
    line->pid = pid;
    line->serial = ++r->last_serial;
    line->link = root_pair[0];
    line->news.link = host_pair[0];
    return 0;
}

static int start_with(struct root *r, unsigned index, const int host_pair[2])
{
    int root_pair[2];
    int rc = wire__pair(root_pair);

    if (rc < 0)
        return rc;
    rc = wire__pass_sender(host_pair[0]);
    if (rc == 0)
        rc = fork_server(r, index, host_pair, root_pair);
    if (rc < 0)
        close(root_pair[0]);
    close(root_pair[1]);
    return rc;
}

static int start_server(struct root *r, unsigned index)
{
    int host_pair[2];

    r->lines[index].start_after = base__now() + restart_pause;
    int rc = wire__pair(host_pair);
    if (rc < 0)
        return rc;
    rc = start_with(r, index, host_pair);
    if (rc < 0)
        close(host_pair[0]);
    close(host_pair[1]);
    return rc;
}

static int64_t start_missing(struct root *r)
{
    int64_t next = BASE_NEVER;

    for (unsigned i = 0; i < r->options->servers && !r->ending; i++) {
        struct line *line = &r->lines[i];
        if (line->pid == 0 && line->start_after <= base__now()) {
            int rc = start_server(r, i);
            r->refusal = rc < 0 ? -rc : r->refusal;
        }
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
        struct line *line = &r->lines[i];
        if (line->pid != pid)
            continue;
        close(line->link);
        line->pid = 0;
        line->news.left = line->serial;
        if (line->news.link >= 0)
            close(line->news.link);
        line->news.link = -1;
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

static void end_tracers(const struct root *r, const struct strangers *found)
{
    for (unsigned i = 0; r->kin >= 0 && i < found->count && i < REST_MOST; i++)
        forkserver__end_tracers(getpid(), found->pids[i]);
}

/*
 * Everything that is a child of the root but no server: what servers left that have died. What is
 * there after a while may be traced.
 */
static void end_strangers(struct root *r)
{
    int64_t now = base__now();
    struct strangers found;
    struct children servers = { .count = 0 };
    struct child known[FORKSERVER_MAX_SERVERS] = { 0 };

    for (unsigned i = 0; i < r->options->servers; i++) {
        if (r->lines[i].pid != 0)
            forkserver__child_started(&servers, &known[i], r->lines[i].pid);
    }
    r->clear = forkserver__find_strangers(r->kin, &servers, getpid(), &found) == 0;
    if (r->look_at <= now)
        end_tracers(r, &found);
    if (r->clear)
        r->look_at = BASE_NEVER;
    else if (r->look_at == BASE_NEVER || r->look_at <= now)
        r->look_at = now + FORKSERVER_RELEASE;
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
        { .fd = r->ending ? -1 : r->options->host_link,
          .events = (short)(POLLIN | (r->untold ? POLLOUT : 0)) },
        { .fd = r->ending ? -1 : r->options->host_pidfd, .events = POLLIN },
    };

    poll(fds, 3, base__poll_timeout(until));
    if (fds[1].revents & ~POLLOUT)
        on_host_link(r);
    if (fds[2].revents && !r->ending)
        end_servers(r, &(struct wire_end){ 0 });
}

/* True while there is anything to wait for. */
static bool turn(struct root *r)
{
    int64_t until = start_missing(r);

    tell_host(r);
    until = r->tell_at < until ? r->tell_at : until;
    until = r->kill_at < until ? r->kill_at : until;
    wait_for_events(r, r->look_at < until ? r->look_at : until);
    bool left = reap(r);
    end_strangers(r);
    if (r->kill_at <= base__now())
        kill_servers(r);
    return left || !r->ending;
}

static void open_root(struct root *r)
{
    sigset_t child_signal;

    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    r->signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    r->refusal = r->signals < 0 ? errno : 0;
    r->kin = forkserver__kin_open();
    for (unsigned i = 0; i < r->options->servers; i++)
        r->lines[i].news.link = -1;
}

void forkserver__root_main(const struct forkserver_options *options)
{
    const int keep[] = { options->host_link, options->host_pidfd };

    forkserver__settle(FORKSERVER_ROOT_NAME, keep, 2, 0);
    forkserver__hold_numbers(options->held);
    base__process_renew();
    struct root r = { .options = options, .last_serial = options->serial, .kill_at = BASE_NEVER,
                      .look_at = BASE_NEVER };
    open_root(&r);
    if (r.refusal) {
        tell_refusal(&r);
        _exit(1);
    }
    while (turn(&r))
        continue;
    _exit(0);
}
