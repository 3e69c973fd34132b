/*
 * links.c - the sockets to the root and the servers: receives their messages, detects their loss
 */
#include "src/client/links.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/shortage.h"
#include "src/client/active.h"
#include "src/client/awaits.h"
#include "src/client/examinations.h"
#include "src/client/root_process.h"
#include "src/client/state.h"
#include "src/client/stock.h"
#include "src/image/image.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct procspawn__client *const client = &procspawn__client;

static const struct procspawn__link no_link = { .fd = -1, .pidfd = -1 };

/* All but `looked_at` is read with the lock only. */
static void set_link(struct procspawn__link *link, const struct procspawn__link *to)
    REQUIRES(client_lock)
{
    link->fd = to->fd;
    link->pidfd = to->pidfd;
    link->server = to->server;
    link->serial = to->serial;
    link->ready = to->ready;
    __atomic_store_n(&link->looked_at, to->looked_at, __ATOMIC_RELAXED);
}

/* How many messages are received at a time: other threads wait for the lock. */
enum { AT_ONCE = 64 };

/* The kinds of descriptors in the epoll set. */
enum { ROOT = -1, LINK = 0, PIDFD = 1 };

static int token(unsigned index, int what)
{
    return (int)index * 2 + what;
}

static int watch(int fd, int token) REQUIRES(client_lock)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = token };

    if (fd < 0 || client->epoll < 0 || !base__fd_is_ours(fd))
        return 0;
    return epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/*
 * Closing a descriptor does not remove it from the set while a process that the program forked has
 * a copy. In such a process the set is shared with the parent and must not be changed.
 */
static void unwatch(int fd) REQUIRES(client_lock)
{
    if (client->epoll >= 0 && procspawn__ready() && base__fd_is_ours(fd))
        epoll_ctl(client->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int watch_all(void) REQUIRES(client_lock)
{
    int rc = watch(client->root, ROOT);

    for (unsigned i = 0; i < client->count && rc == 0; i++) {
        rc = watch(client->links[i].fd, token(i, LINK));
        if (rc == 0)
            rc = watch(client->links[i].pidfd, token(i, PIDFD));
    }
    return rc;
}

/* The set is read without the lock, too. */
static void keep_set(int epoll)
{
    __atomic_store_n(&client->epoll, epoll, __ATOMIC_RELAXED);
}

static void lose_set(void) REQUIRES(client_lock)
{
    base__fd_close(client->epoll);
    keep_set(-1);
}

int procspawn__links_watch(void)
{
    if (client->epoll >= 0)
        return 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll = epoll < 0 ? -errno : base__fd_own(epoll);
    if (epoll < 0)
        return epoll;
    keep_set(epoll);
    int rc = watch_all();
    if (rc < 0)
        lose_set();
    return rc;
}

void procspawn__links_init(unsigned count)
{
    client->count = count;
    procspawn__active_init(count);
    for (unsigned i = 0; i < FORKSERVER_MAX_SERVERS; i++) {
        client->links[i] = no_link;
        client->gone[i] = procspawn__image.serial;  /* those before were of another root */
    }
    keep_set(-1);
    client->root = -1;
    client->root_muted = false;
    client->root_refusal = 0;
    client->dying_count = 0;
}

unsigned procspawn__links_alive(void)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < client->count; i++)
        alive += client->links[i].fd >= 0;
    return alive;
}

/* ---- losses ---- */

bool procspawn__links_inherits(void)
{
    int reaper = 0;

    if (procspawn__image.is_child)
        return false;
    return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &reaper) == 0 && reaper);
}

/* Closes the pidfds of dead servers; reaps those that became children of this process. */
static void reap_servers(void) REQUIRES(client_lock)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < client->dying_count; i++) {
        struct pollfd fd = { .fd = client->dying[i], .events = POLLIN };
        siginfo_t info;
        bool ours = base__fd_is_ours(fd.fd);
        bool dead = !ours || poll(&fd, 1, 0) == 1;
        if (dead && ours)
            waitid(P_PIDFD, (id_t)fd.fd, &info, WEXITED | WNOHANG);
        if (dead)
            base__fd_close(fd.fd);
        else
            client->dying[kept++] = fd.fd;
    }
    client->dying_count = kept;
}

static void let_die(int pidfd) REQUIRES(client_lock)
{
    reap_servers();
    if (procspawn__links_inherits() && client->dying_count < PROCSPAWN__DYING_MAX)
        client->dying[client->dying_count++] = pidfd;
    else
        base__fd_close(pidfd);
}

void procspawn__links_lose(unsigned index)
{
    struct procspawn__link *link = &client->links[index];

    unwatch(link->fd);
    base__fd_close(link->fd);
    if (link->pidfd >= 0) {
        unwatch(link->pidfd);
        let_die(link->pidfd);
    }
    set_link(link, &no_link);
    client->losses++;
    procspawn__stock_drop(index);
}

static void lose_root(void) REQUIRES(client_lock)
{
    unwatch(client->root);
    base__fd_close(client->root);
    client->root = -1;
}

bool procspawn__links_reap(void)
{
    if (client->dying_count > 0)
        reap_servers();
    return client->dying_count == 0;
}

void procspawn__links_close(void)
{
    for (unsigned i = 0; i < client->count; i++) {
        if (client->links[i].fd >= 0)
            procspawn__links_lose(i);
    }
    if (client->root >= 0)
        lose_root();
    lose_set();
    client->count = 0;
    /* These questions get no answer; their handles may be freed later. */
    while (!list_empty(&client->awaits))
        list_remove(client->awaits.next);
    while (!list_empty(&client->examinations))
        list_remove(client->examinations.next);
}

/* ---- messages of a server ---- */

static void on_link_frame(unsigned index, struct wire_frame *frame) REQUIRES(client_lock)
{
    const struct wire_header *header = &frame->header;
    const struct wire_refused *refused = frame->body;

    if (header->type == WIRE_OFFER &&
        header->length == header->fd_count * sizeof(struct wire_offer))
        procspawn__stock_add(index, frame);
    else if (header->type == WIRE_REFUSED && header->length == sizeof *refused)
        procspawn__stock_refuse(-refused->error, refused->count);
    else if (header->type == WIRE_READY)
        client->links[index].ready = true;
    else if (header->type == WIRE_ENDED && header->length == sizeof(struct wire_ended))
        procspawn__awaits_told(index, frame->body);
    else if (header->type == WIRE_EXAMINED && header->length >= sizeof(struct wire_examined))
        procspawn__examined(frame);
    wire__close_fds(frame);
}

/* The link has been checked. */
static void receive_link(unsigned index, bool behind_offers) REQUIRES(client_lock)
{
    union {
        struct wire_offer offers[WIRE_MAX_OFFERS];
        struct wire_refused refused;
        struct wire_ended ended;
        struct { struct wire_examined head; struct backtrace_brief brief; } examined;
    } body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true };
    bool more = true;

    for (int i = 0; i < AT_ONCE && client->links[index].fd >= 0 && more; i++) {
        int rc = wire__recv_at_once(client->links[index].fd, &frame);
        more = rc != -EAGAIN && (behind_offers || frame.header.type != WIRE_OFFER);
        if (rc == 0)
            on_link_frame(index, &frame);
        else if (base__is_shortage(rc))
            procspawn__stock_refuse(rc, 1);
        else if (rc != -EAGAIN)
            procspawn__links_lose(index);
    }
}

/*
 * Detects descriptors that the program has closed. A server without its link is useless; it is
 * killed, because a copy of the link in a process that the program forked would keep it alive. A
 * closed epoll set is replaced.
 */
static void look_at_link(unsigned index) REQUIRES(client_lock)
{
    struct procspawn__link *link = &client->links[index];

    if (link->fd < 0 || base__fd_is_ours(link->fd))
        return;
    if (link->pidfd >= 0 && base__fd_is_ours(link->pidfd))
        syscall(SYS_pidfd_send_signal, link->pidfd, SIGKILL, NULL, 0);
    procspawn__links_lose(index);
}

/* There may be many servers that rest: one of them each time. */
static void look_for_closed(void) REQUIRES(client_lock)
{
    client->looks++;
    for (unsigned i = 0; i < client->count; i++) {
        if (procspawn__active_is(i) || i == client->looks % client->count)
            look_at_link(i);
    }
    if (client->epoll >= 0 && !base__fd_is_ours(client->epoll)) {
        lose_set();
        procspawn__links_watch();
    }
}

/*
 * An offer is mostly the last message for some time: what is behind it is received the next time.
 *
 * Offers are received as early as possible: while a descriptor is in transit in any socket, the
 * kernel searches for unreachable sockets whenever a socket is closed.
 *
 * A server counts as lost when its pidfd says that it is dead. End of file on its link may come
 * later: a child that was being forked when the server was killed holds the link and the channels
 * of all spares open until it runs. A call sent on such a channel would be lost.
 */
void procspawn__links_receive(void)
{
    enum { ALL = 2 * FORKSERVER_MAX_SERVERS + 1 };
    struct epoll_event events[ALL];

    look_for_closed();
    int count = client->epoll < 0 ? 0 : epoll_wait(client->epoll, events, ALL, 0);

    for (int i = 0; i < count; i++) {
        int token = events[i].data.fd;
        if (token == ROOT)
            continue;
        unsigned index = (unsigned)token / 2;
        if (token % 2 == LINK)
            receive_link(index, false);
        else if (client->links[index].pidfd >= 0)
            procspawn__links_lose(index);
    }
}

void procspawn__links_receive_behind_offers(unsigned index)
{
    receive_link(index, true);
}

/* ---- messages of the root ---- */

static void on_server(struct wire_frame *frame) REQUIRES(client_lock)
{
    const struct wire_server *server = frame->body;

    if (frame->header.fd_count == 0 || server->index >= client->count)
        return;
    struct procspawn__link *link = &client->links[server->index];
    if (link->fd >= 0)
        procspawn__links_lose(server->index);
    const struct procspawn__link new = { .fd = base__fd_own(wire__take_fd(frame, 0)),
                                         .pidfd = base__fd_own(wire__take_fd(frame, 1)),
                                         .server = server->pid, .serial = server->serial };
    set_link(link, &new);
    client->root_refusal = 0;
    if (link->fd < 0 || watch(link->fd, token(server->index, LINK)) < 0 ||
        watch(link->pidfd, token(server->index, PIDFD)) < 0)
        procspawn__links_lose(server->index);
}

static void on_root_frame(struct wire_frame *frame) REQUIRES(client_lock)
{
    const struct wire_header *header = &frame->header;
    const struct wire_gone *gone = frame->body;
    const struct wire_refused *refused = frame->body;

    if (header->type == WIRE_SERVER && header->length == sizeof(struct wire_server))
        on_server(frame);
    else if (header->type == WIRE_GONE && header->length == sizeof *gone &&
             gone->index < client->count)
        client->gone[gone->index] = gone->serial;
    else if (header->type == WIRE_REFUSED && header->length == sizeof *refused)
        client->root_refusal = -refused->error;
    wire__close_fds(frame);
}

/* A message that cannot be received for a shortage stays in the socket. Without muting it would
 * wake the waiting threads again and again. */
static void mute_root(bool on) REQUIRES(client_lock)
{
    if (client->root_muted == on)
        return;
    client->root_muted = on;
    if (on)
        unwatch(client->root);
    else
        watch(client->root, ROOT);
}

/* While all is ending no server is wanted: one that cannot be received would hide the end of the
 * stream, so it is dropped. */
void procspawn__links_receive_root(void)
{
    union { struct wire_server server; struct wire_gone gone; struct wire_refused refused; } body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true,
                                .lossy = procspawn__image.ending };
    int rc = 0;

    procspawn__links_reap();
    if (client->root < 0)
        procspawn__root_lost();
    for (int i = 0; i < AT_ONCE && client->root >= 0 && rc != -EAGAIN; i++) {
        rc = wire__recv(client->root, &frame, true);
        if (base__is_shortage(rc)) {
            client->root_refusal = rc;
            mute_root(true);
            return;
        }
        mute_root(false);
        if (rc == 0)
            on_root_frame(&frame);
        else if (rc != -EAGAIN && rc != -EPROTO)
            lose_root();
    }
}

int procspawn__links_set(void)
{
    return __atomic_load_n(&client->epoll, __ATOMIC_RELAXED);
}

/* The wait is limited: if another thread receives the message, this one is not woken. */
void procspawn__links_wait(int other, int64_t deadline)
{
    enum { RECHECK = 50 };
    int left = base__poll_timeout(deadline);
    struct pollfd fds[] = { { .fd = procspawn__links_set(), .events = POLLIN },
                            { .fd = other, .events = POLLIN } };

    poll(fds, 2, left >= 0 && left < RECHECK ? left : RECHECK);
}
