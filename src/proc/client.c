/*
 * client.c - asks the servers for children
 *
 * Offers are anonymous: whoever needs a child takes any. Each thread that finds no spare asks for
 * one more, and then takes whatever comes first; if it gives up, what it asked for stays as a
 * spare. So there is nothing to match, and the lock is only held for steps that do not block. All
 * sockets are watched through one epoll descriptor, which any number of threads may wait for. A
 * server that does not answer may be stopped: then another one is asked as well.
 */
#include "src/proc/internal.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/written.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPARES_MAX = 256 };

/* One server. A dead one is replaced in its place. */
struct link {
    int fd;                     /* -1: no server now */
    int pidfd;                  /* of the server; -1 where that is not to be had */
    pid_t server;
};

static const struct link no_link = { .fd = -1, .pidfd = -1 };

static struct {
    pthread_mutex_t lock;
    int epoll;
    int root;                   /* the ROOT link, -1 in a child or when the root is gone */
    unsigned count;
    unsigned turn;              /* which server is asked next */
    struct link links[FORKSERVER_MAX_SERVERS];
    unsigned losses;            /* servers that have died: what they were asked for is lost */
    unsigned asking;            /* threads that have asked and wait */
    unsigned refused;           /* refusals that nobody has taken yet */
    int refusal;
    unsigned spare_count;
} client BASE_WRITTEN = { .lock = PTHREAD_MUTEX_INITIALIZER, .epoll = -1, .root = -1 };

static struct procspawn__taken spares[SPARES_MAX];

static const int64_t first_pause = BASE_SECOND / 10;
/* A server that lives answers in milliseconds. */
static const int64_t patience = 10 * BASE_SECOND;

/* What a descriptor of the set tells of. */
enum { ROOT = -1, LINK = 0, PIDFD = 1 };

static int token(unsigned index, int what)
{
    return (int)index * 2 + what;
}

static int watch(int fd, int token)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = token };
    return epoll_ctl(client.epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/*
 * Closing alone takes nothing out of the set while a process that the program forked holds a copy.
 * In such a process the set is the program's, and not to be touched.
 */
static void unwatch(int fd)
{
    if (client.epoll >= 0 && procspawn__ready())
        epoll_ctl(client.epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* A child has no set before it asks: most never do. */
static int open_set(void)
{
    if (client.epoll >= 0)
        return 0;
    client.epoll = base__fd_behind_stdio(epoll_create1(EPOLL_CLOEXEC));
    if (client.epoll < 0)
        return -errno;
    for (unsigned i = 0; i < client.count; i++) {
        if (client.links[i].fd >= 0)
            watch(client.links[i].fd, token(i, LINK));
        if (client.links[i].pidfd >= 0)
            watch(client.links[i].pidfd, token(i, PIDFD));
    }
    return client.root >= 0 ? watch(client.root, ROOT) : 0;
}

static void drop_spares_of(unsigned index)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < client.spare_count; i++) {
        if (spares[i].link == index)
            close(spares[i].channel);
        else
            spares[kept++] = spares[i];
    }
    client.spare_count = kept;
}

/* It has had the most time to get ready. */
static struct procspawn__taken take_oldest(void)
{
    struct procspawn__taken oldest = spares[0];

    client.spare_count--;
    memmove(&spares[0], &spares[1], client.spare_count * sizeof *spares);
    return oldest;
}

static void lose_link(unsigned index)
{
    struct link *link = &client.links[index];

    unwatch(link->fd);
    close(link->fd);
    if (link->pidfd >= 0) {
        unwatch(link->pidfd);
        close(link->pidfd);
    }
    *link = no_link;
    client.losses++;
    drop_spares_of(index);
}

static void on_offer(unsigned index, struct wire_frame *frame)
{
    const struct wire_offer *offer = frame->body;

    for (unsigned i = 0; i < frame->header.fd_count && client.spare_count < SPARES_MAX; i++)
        spares[client.spare_count++] = (struct procspawn__taken){
            wire__take_fd(frame, i), offer[i].pid, client.links[index].server, offer[i].id, index,
            offer[i].token };
}

static void on_link_frame(unsigned index, struct wire_frame *frame)
{
    const struct wire_header *header = &frame->header;

    if (header->type == WIRE_OFFER &&
        header->length == header->fd_count * sizeof(struct wire_offer)) {
        on_offer(index, frame);
    } else if (header->type == WIRE_REFUSED && header->length == sizeof(struct wire_refused)) {
        client.refused++;
        client.refusal = -((const struct wire_refused *)frame->body)->error;
    }
    wire__close_fds(frame);
}

static void pump_link(unsigned index)
{
    union { struct wire_offer offers[WIRE_MAX_OFFERS]; struct wire_refused refused; } body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    int rc = 0;

    while (client.links[index].fd >= 0 && rc != -EAGAIN) {
        rc = wire__recv(client.links[index].fd, &frame, true);
        if (rc == 0)
            on_link_frame(index, &frame);
        else if (rc == -EMFILE) {
            client.refused++;
            client.refusal = -EMFILE;
        } else if (rc != -EAGAIN)
            lose_link(index);
    }
}

static void on_server(struct wire_frame *frame)
{
    const struct wire_server *server = frame->body;

    if (frame->header.fd_count == 0 || server->index >= client.count)
        return;
    struct link *link = &client.links[server->index];
    if (link->fd >= 0)
        lose_link(server->index);
    *link = (struct link){ wire__take_fd(frame, 0), wire__take_fd(frame, 1), server->pid };
    watch(link->fd, token(server->index, LINK));
    if (link->pidfd >= 0)
        watch(link->pidfd, token(server->index, PIDFD));
}

static void lose_root(void)
{
    unwatch(client.root);
    close(client.root);
    client.root = -1;
}

static void pump_root(void)
{
    enum { MOMENT = 100 };
    struct wire_server body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .lossy = true,
                                .trusted = true };
    int rc = 0;

    while (client.root >= 0 && rc != -EAGAIN) {
        rc = wire__recv(client.root, &frame, true);
        if (rc == 0 && frame.header.type == WIRE_SERVER && frame.header.length == sizeof body)
            on_server(&frame);
        else if (rc == -EPIPE) {
            lose_root();
            procspawn__root_lost(MOMENT);
        }
        if (rc == 0)
            wire__close_fds(&frame);
    }
}

/*
 * Takes in all that the servers have said. Offers are taken out of the sockets as early as can be:
 * while one waits in a queue anywhere, the kernel looks for lost sockets at each closing of
 * another.
 *
 * The end of file on a link comes late: a child that was being forked when its server was killed
 * holds that open, and with it the channels of all spares, until it gets to run and sees that its
 * server is gone. A call sent down such a channel would be lost.
 */
static void hear_servers(void)
{
    enum { ALL = 2 * FORKSERVER_MAX_SERVERS + 1 };
    struct epoll_event events[ALL];
    int count = client.epoll < 0 ? 0 : epoll_wait(client.epoll, events, ALL, 0);

    for (int i = 0; i < count; i++) {
        int token = events[i].data.fd;
        if (token == ROOT)
            continue;
        unsigned index = (unsigned)token / 2;
        if (token % 2 == LINK)
            pump_link(index);
        else if (client.links[index].pidfd >= 0)
            lose_link(index);
    }
}

static unsigned links_alive(void)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < client.count; i++)
        alive += client.links[i].fd >= 0;
    return alive;
}

/* One child from the server whose turn it is; all others hear that their spares are used up. */
static bool ask(void)
{
    bool asked = false;

    for (unsigned n = 0; n < client.count; n++) {
        unsigned index = (client.turn + n) % client.count;
        struct wire_fork body = { .count = !asked };
        if (client.links[index].fd < 0)
            continue;
        int rc = wire__send_struct(client.links[index].fd, WIRE_FORK, &body, sizeof body, -1, true);
        if (rc == -EPIPE)
            lose_link(index);
        if (rc == 0 && !asked) {
            asked = true;
            client.turn = (index + 1) % client.count;
        }
    }
    return asked;
}

/* A refusal that came too late for who had asked is nobody's. */
static void forget_late_refusals(void)
{
    if (client.refused > client.asking)
        client.refused = client.asking;
}

static void ask_if_due(struct procspawn__wish *wish, int64_t now)
{
    if (wish->asked && wish->losses == client.losses && now < wish->repeat_at)
        return;
    bool asked = ask();
    client.asking += asked && !wish->asked;
    wish->asked |= asked;
    wish->losses = client.losses;
    wish->repeat_at = now + wish->pause;
    wish->pause *= 2;
}

/* One step towards a child: 1 if there is something to wait for, 0 for a child, or an error. */
static int step(struct procspawn__wish *wish, struct procspawn__taken *ret_taken)
{
    hear_servers();
    if (client.spare_count == 0)
        pump_root();
    if (client.spare_count > 0) {
        *ret_taken = take_oldest();
        return 0;
    }
    forget_late_refusals();
    if (wish->asked && client.refused > 0) {
        client.refused--;
        return client.refusal;
    }
    int64_t now = base__now();
    if (client.root < 0 && links_alive() == 0) {
        procspawn__root_lost(0);
        return PROCSPAWN_ESERVER;
    }
    if (now >= wish->give_up_at)
        return PROCSPAWN_ESERVER;
    int rc = open_set();
    if (rc < 0)
        return rc;
    ask_if_due(wish, now);
    return 1;
}

/* The bound is for the case that another thread took the event: then nothing wakes this one. */
static void wait_for_events(int other, int64_t deadline)
{
    enum { RECHECK = 50 };
    int left = base__poll_timeout(deadline);
    struct pollfd fds[] = { { .fd = client.epoll, .events = POLLIN },
                            { .fd = other, .events = POLLIN } };

    poll(fds, 2, left >= 0 && left < RECHECK ? left : RECHECK);
}

static int locked_step(struct procspawn__wish *wish, struct procspawn__taken *ret_taken)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&client.lock);
    int rc = step(wish, ret_taken);
    if (rc <= 0)
        client.asking -= wish->asked;
    pthread_mutex_unlock(&client.lock);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__client_try(struct procspawn__wish *wish, int other,
                          struct procspawn__taken *ret_taken)
{
    if (wish->give_up_at == 0)
        *wish = (struct procspawn__wish){ .pause = first_pause,
                                          .give_up_at = base__deadline(patience) };
    int rc = locked_step(wish, ret_taken);
    if (rc > 0)
        wait_for_events(other, wish->give_up_at);
    else
        *wish = (struct procspawn__wish){ .give_up_at = 0 };
    return rc;
}

void procspawn__client_unwish(struct procspawn__wish *wish)
{
    if (wish->give_up_at == 0)
        return;
    pthread_mutex_lock(&client.lock);
    client.asking -= wish->asked;
    pthread_mutex_unlock(&client.lock);
    *wish = (struct procspawn__wish){ .give_up_at = 0 };
}

int procspawn__client_take(int64_t deadline, struct procspawn__taken *ret_taken)
{
    struct procspawn__wish wish = { .pause = first_pause, .give_up_at = base__deadline(patience) };
    int rc;

    if (deadline < wish.give_up_at)
        wish.give_up_at = deadline;
    while ((rc = procspawn__client_try(&wish, -1, ret_taken)) > 0)
        continue;
    return rc == PROCSPAWN_ESERVER && base__now() >= deadline ? -ETIMEDOUT : rc;
}

static int tell_once(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                     size_t length)
{
    pthread_mutex_lock(&client.lock);
    hear_servers();
    const struct link *link = &client.links[taken->link];
    int rc = link->fd >= 0 && link->server == taken->server
                 ? wire__send_struct(link->fd, type, body, length, -1, true) : -EPIPE;
    pthread_mutex_unlock(&client.lock);
    return rc;
}

/*
 * Tells the server of a child something. A server that is gone has taken the child with it; one
 * that cannot be told now, for a full queue or want of memory, is told a moment later.
 */
static int tell(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                size_t length)
{
    int64_t deadline = base__deadline(patience);
    int rc, cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    do {
        rc = tell_once(taken, type, body, length);
    } while (rc < 0 && rc != -EPIPE && base__now() < deadline && poll(NULL, 0, 1) == 0);
    pthread_setcancelstate(cancel, NULL);
    return rc == -EPIPE || rc == -EAGAIN ? PROCSPAWN_ESERVER : rc;
}

int procspawn__client_end_child(const struct procspawn__taken *taken, int signal, int64_t grace)
{
    struct wire_end_child body = { taken->id, taken->pid, signal, grace };
    return tell(taken, WIRE_END_CHILD, &body, sizeof body);
}

int procspawn__client_limit(const struct procspawn__taken *taken, int64_t deadline)
{
    struct wire_limit body = { .id = taken->id, .deadline = deadline, .pid = taken->pid };
    return tell(taken, WIRE_LIMIT, &body, sizeof body);
}

/* The same once, without waiting for room: 0, -EPIPE when the server is gone, or another -errno. */
static int try_tell(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                    size_t length)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = tell_once(taken, type, body, length);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__client_try_end_child(const struct procspawn__taken *taken, int signal, int64_t grace)
{
    struct wire_end_child body = { taken->id, taken->pid, signal, grace };
    return try_tell(taken, WIRE_END_CHILD, &body, sizeof body);
}

int procspawn__client_try_limit(const struct procspawn__taken *taken, int64_t deadline)
{
    struct wire_limit body = { .id = taken->id, .deadline = deadline, .pid = taken->pid };
    return try_tell(taken, WIRE_LIMIT, &body, sizeof body);
}

bool procspawn__client_serves_now(const struct procspawn__taken *taken)
{
    const struct link *link = &client.links[taken->link];

    pthread_mutex_lock(&client.lock);
    hear_servers();
    bool there = link->fd >= 0 && link->server == taken->server;
    pthread_mutex_unlock(&client.lock);
    return there;
}

/* A dying process closes what it has before it is dead: a moment may lie between the two. */
bool procspawn__client_serves(const struct procspawn__taken *taken)
{
    enum { TRIES = 20, PAUSE = 5 };

    for (int i = 0; i < TRIES; i++) {
        if (!procspawn__client_serves_now(taken))
            return false;
        poll(NULL, 0, PAUSE);
    }
    return true;
}

bool procspawn__taken_vouched(const struct procspawn__taken *taken, const struct wire_frame *frame)
{
    return frame->sender == taken->server && frame->header.length >= sizeof taken->token &&
           memcmp(frame->body, &taken->token, sizeof taken->token) == 0;
}

static void open_client(unsigned count)
{
    client.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    client.count = count;
    for (unsigned i = 0; i < FORKSERVER_MAX_SERVERS; i++)
        client.links[i] = no_link;
    client.spare_count = 0;
    client.asking = client.refused = 0;
    client.root = -1;
    client.epoll = -1;
}

int procspawn__client_open(int root_link, unsigned servers, int64_t deadline)
{
    open_client(servers);
    client.root = root_link;
    int rc = open_set();
    while (rc == 0) {
        pump_root();
        if (links_alive() == servers)
            return 0;
        if (client.root < 0 || base__now() >= deadline)
            return PROCSPAWN_ESTART;
        wait_for_events(-1, deadline);
    }
    return rc;
}

void procspawn__client_adopt(int link, pid_t server)
{
    open_client(1);
    client.links[0] = (struct link){ .fd = link, .pidfd = -1, .server = server };
}

/* A pool's thread may still be asking. */
void procspawn__client_close(void)
{
    pthread_mutex_lock(&client.lock);
    for (unsigned i = 0; i < client.count; i++) {
        if (client.links[i].fd >= 0)
            lose_link(i);
    }
    if (client.root >= 0)
        lose_root();
    if (client.epoll >= 0)
        close(client.epoll);
    client.epoll = -1;
    client.count = 0;
    pthread_mutex_unlock(&client.lock);
}

void procspawn__client_forget(void)
{
    pthread_mutex_init(&client.lock, NULL);
    procspawn__client_close();
}

int procspawn__client_end(int64_t grace)
{
    struct wire_end body = { grace };

    int rc = wire__send_struct(client.root, WIRE_END, &body, sizeof body, -1, true);
    /* The end of the link says the same, with no grace. */
    if (rc < 0)
        shutdown(client.root, SHUT_WR);
    return rc;
}

static bool root_has_ended(void)
{
    pthread_mutex_lock(&client.lock);
    pump_root();
    bool ended = client.root < 0;
    pthread_mutex_unlock(&client.lock);
    return ended;
}

int procspawn__client_wait_end(int64_t deadline)
{
    struct pollfd fd = { .fd = client.root, .events = POLLIN };

    while (!root_has_ended()) {
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        poll(&fd, 1, base__poll_timeout(deadline));
    }
    return 0;
}
