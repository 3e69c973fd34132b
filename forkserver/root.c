/*
 * root.c - the process that forks the servers
 *
 * It does nothing else, so that little can kill it: it starts the servers, replaces one that dies,
 * and ends them all when the host asks for it, closes its link or ends.
 */
#include "forkserver/forkserver.h"

#include "forkserver/process/daemonize.h"
#include "forkserver/process/loaded.h"
#include "forkserver/process/orphans.h"
#include "forkserver/process/tracer.h"
#include "forkserver/server.h"
#include "src/base/clock.h"
#include "src/base/process.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Messages about one server that are not yet sent to the host. */
struct unsent {
    int link;                   /* the host's end of the started server's link; -1: sent */
    uint64_t left;              /* serial of the server that died last; 0: sent */
};

struct server_slot {
    pid_t pid;                  /* 0: no server */
    uint64_t serial;
    int link;                   /* the root's end; closing it ends the server */
    int64_t start_after;        /* earliest restart after a death */
    struct unsent unsent;
};

struct root {
    const struct forkserver_options *options;
    unsigned count;             /* of servers that there are to be */
    struct server_slot slots[FORKSERVER_MAX_SERVERS];
    uint64_t last_serial;
    int signals;
    struct orphan_list proc_children;
    int refusal;                /* errno of a failed start to be sent; 0: none */
    bool clear;                 /* no orphan of dead servers is left */
    int64_t look_at;            /* time of the next look for orphans; INT64_MAX: none */
    bool link_full;             /* the link to the host had no space */
    int64_t tell_at;            /* next attempt after a shortage; INT64_MAX: none */
    bool ending;
    int64_t kill_at;            /* when the servers are killed */
};

/* Pause before a dead server is replaced, so that a permanent cause does not make the root spin. */
static const int64_t restart_pause = BASE_SECOND / 100;
/* The same for one that was started later: the calls do without it meanwhile. */
static const int64_t long_restart_pause = BASE_SECOND;
/* Time that servers may need beyond the grace, until the last process is gone. */
static const int64_t slack = 2 * BASE_SECOND;
static const int64_t short_slack = BASE_SECOND / 2;

/* ---- messages to the host ---- */

/* Was the message sent, or will it never be received? If not, notes when to try again. */
static bool sent(struct root *r, int rc)
{
    static const int64_t pause = BASE_SECOND / 50;

    if (rc == 0 || rc == -EPIPE)
        return true;
    if (rc == -EAGAIN)
        r->link_full = true;
    else
        r->tell_at = base__deadline(pause);
    return false;
}

/* The pidfd tells the host of the server's death, whichever process holds its sockets open. */
static void tell_server(struct root *r, unsigned index)
{
    struct server_slot *slot = &r->slots[index];
    struct wire_server body = { .serial = slot->serial, .index = index, .pid = slot->pid };
    struct wire_part part = { &body, sizeof body };
    int fds[] = { slot->unsent.link, (int)syscall(SYS_pidfd_open, body.pid, 0) };
    int rc = wire__send(r->options->host_link, WIRE_SERVER, &part, 1, fds, fds[1] >= 0 ? 2 : 1,
                        true);

    if (sent(r, rc)) {
        close(slot->unsent.link);
        slot->unsent.link = -1;
    }
    if (fds[1] >= 0)
        close(fds[1]);
}

static void tell_gone(struct root *r, unsigned index)
{
    struct unsent *unsent = &r->slots[index].unsent;
    struct wire_gone body = { .serial = unsent->left, .index = index };

    if (sent(r, wire__send_struct(r->options->host_link, WIRE_GONE, &body, sizeof body, -1, true)))
        unsent->left = 0;
}

static void tell_refusal(struct root *r)
{
    struct wire_refused body = { .error = r->refusal };

    if (sent(r, wire__send_struct(r->options->host_link, WIRE_REFUSED, &body, sizeof body, -1,
                                  true)))
        r->refusal = 0;
}

/* Sends what is pending; what cannot be sent stays pending. */
static void tell_host(struct root *r)
{
    r->link_full = false;
    r->tell_at = BASE_NEVER;
    if (r->refusal)
        tell_refusal(r);
    for (unsigned i = 0; i < r->count; i++) {
        struct server_slot *slot = &r->slots[i];
        if (slot->unsent.left && r->clear)
            tell_gone(r, i);
        if (slot->unsent.link >= 0 && slot->pid != 0)
            tell_server(r, i);
    }
}

/* ---- starting ---- */

static int fork_server(struct root *r, unsigned index, const int host_pair[2],
                       const int root_pair[2])
{
    struct server_slot *slot = &r->slots[index];
    pid_t pid = fork();

    if (pid == 0)
        forkserver__server_main(r->options, index, host_pair[1], root_pair[1],
                                r->options->host_pidfd);
    if (pid < 0)
        return -errno;
    slot->pid = pid;
    slot->serial = ++r->last_serial;
    slot->link = root_pair[0];
    slot->unsent.link = host_pair[0];
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

    r->slots[index].start_after =
        base__now() + (index < r->options->servers ? restart_pause : long_restart_pause);
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

    for (unsigned i = 0; i < r->count && !r->ending; i++) {
        struct server_slot *slot = &r->slots[i];
        if (slot->pid == 0 && slot->start_after <= base__now()) {
            int rc = start_server(r, i);
            r->refusal = rc < 0 ? -rc : r->refusal;
        }
        if (slot->pid == 0 && slot->start_after < next)
            next = slot->start_after;
    }
    return next;
}

/*
 * Ends the servers by an END message or, without grace, by the end of file. Stopped servers are
 * continued so that they see it.
 */
static void end_servers(struct root *r, const struct wire_end *end)
{
    r->ending = true;
    r->kill_at = base__deadline(end->grace > 0 ? end->grace + slack : short_slack);
    for (unsigned i = 0; i < r->count; i++) {
        struct server_slot *slot = &r->slots[i];
        if (slot->pid == 0)
            continue;
        if (end->grace > 0)
            wire__send_struct(slot->link, WIRE_END, end, sizeof *end, -1, true);
        else
            shutdown(slot->link, SHUT_RDWR);
        kill(slot->pid, SIGCONT);
    }
}

/* start_missing starts them. */
static void grow(struct root *r, unsigned servers)
{
    if (servers <= FORKSERVER_MAX_SERVERS && servers > r->count)
        r->count = servers;
    __atomic_store_n(&r->options->board[0].servers, r->count, __ATOMIC_RELAXED);
}

static bool is_message(const struct wire_frame *frame, enum wire_type type, size_t length)
{
    return frame->header.type == type && frame->header.length == length;
}

static void on_host_link(struct root *r)
{
    unsigned char body[sizeof(struct wire_end)];
    struct wire_frame frame = { .body = body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    struct wire_end end = { 0 };
    struct wire_grow more;
    int rc = wire__recv(r->options->host_link, &frame, true);

    if (rc == -EAGAIN)
        return;
    if (rc == 0 && is_message(&frame, WIRE_GROW, sizeof more)) {
        memcpy(&more, body, sizeof more);
        grow(r, more.servers);
        return;
    }
    if (rc == 0 && is_message(&frame, WIRE_END, sizeof end))
        memcpy(&end, body, sizeof end);
    end_servers(r, &end);
}

static void forget_server(struct root *r, pid_t pid)
{
    for (unsigned i = 0; i < r->count; i++) {
        struct server_slot *slot = &r->slots[i];
        if (slot->pid != pid)
            continue;
        close(slot->link);
        slot->pid = 0;
        /* Its children die with it: they count no more, though no successor is there yet. */
        __atomic_store_n(&r->options->board[i].nested, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&r->options->board[i].children, 0, __ATOMIC_RELAXED);
        slot->unsent.left = slot->serial;
        if (slot->unsent.link >= 0)
            close(slot->unsent.link);
        slot->unsent.link = -1;
    }
}

/*
 * Reaps servers and orphans. What a dead server leaves is reparented here and killed; its own
 * children die with it (PR_SET_PDEATHSIG). A stopped server is continued, because whole trees wait
 * for its messages. Returns true while this process has a child.
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

static void kill_tracers(const struct root *r, const struct orphans *found)
{
    for (unsigned i = 0; r->proc_children.fd >= 0 && i < found->count && i < ORPHANS_MOST; i++)
        forkserver__kill_tracers(getpid(), found->pids[i]);
}

static bool is_server(const void *root, pid_t pid)
{
    const struct root *r = root;

    for (unsigned i = 0; i < r->count; i++) {
        if (r->slots[i].pid == pid)
            return true;
    }
    return false;
}

/*
 * Kills all children of the root that are not servers: orphans of dead servers. Those that still
 * exist after a while may be traced.
 */
static void kill_orphans(struct root *r)
{
    int64_t now = base__now();
    const struct known_processes servers = { .knows = is_server, .owner = r };
    struct orphans found;

    r->clear = forkserver__orphans_kill(&r->proc_children, &servers, getpid(), &found) == 0;
    if (r->look_at <= now)
        kill_tracers(r, &found);
    if (r->clear)
        r->look_at = BASE_NEVER;
    else if (r->look_at == BASE_NEVER || r->look_at <= now)
        r->look_at = now + FORKSERVER_TRACER_DELAY;
}

static void kill_servers(struct root *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (r->slots[i].pid != 0)
            kill(r->slots[i].pid, SIGKILL);
    }
    r->kill_at = BASE_NEVER;
}

static void wait_for_events(struct root *r, int64_t until)
{
    struct pollfd fds[] = {
        { .fd = r->signals, .events = POLLIN },
        { .fd = r->ending ? -1 : r->options->host_link,
          .events = (short)(POLLIN | (r->link_full ? POLLOUT : 0)) },
        { .fd = r->ending ? -1 : r->options->host_pidfd, .events = POLLIN },
    };

    poll(fds, 3, base__poll_timeout(until));
    if (fds[1].revents & ~POLLOUT)
        on_host_link(r);
    if (fds[2].revents && !r->ending)
        end_servers(r, &(struct wire_end){ 0 });
}

/* Runs the loop once. Returns true while there is anything to wait for. */
static bool run_once(struct root *r)
{
    int64_t until = start_missing(r);

    tell_host(r);
    until = r->tell_at < until ? r->tell_at : until;
    until = r->kill_at < until ? r->kill_at : until;
    wait_for_events(r, r->look_at < until ? r->look_at : until);
    bool left = reap(r);
    kill_orphans(r);
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
    forkserver__orphans_open(&r->proc_children);
    for (unsigned i = 0; i < FORKSERVER_MAX_SERVERS; i++)
        r->slots[i].unsent.link = -1;
    grow(r, r->options->servers);
}

void forkserver__root_main(const struct forkserver_options *options)
{
    const int keep[] = { options->host_link, options->host_pidfd };

    forkserver__daemonize(FORKSERVER_ROOT_NAME, keep, 2, 0);
    forkserver__hold_numbers(options->held);
    base__process_keep_on_fork();
    struct root r = { .options = options, .last_serial = options->serial, .kill_at = BASE_NEVER,
                      .look_at = BASE_NEVER };
    open_root(&r);
    if (r.refusal) {
        tell_refusal(&r);
        _exit(1);
    }
    forkserver__loaded_to_file(options->loaded_time, &options->board[0].progress);
    while (run_once(&r))
        continue;
    _exit(0);
}
