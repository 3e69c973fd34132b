/*
 * client.c - asks the servers for children
 *
 * Offers are anonymous: whoever needs a child takes any. Each thread that finds no spare asks for
 * one more, and then takes whatever comes first; if it gives up, what it asked for stays as a
 * spare. So there is nothing to match. A server that does not answer may be stopped: then another
 * one is asked as well.
 */
#include "src/client/state.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPARES_MAX = 256 };

static struct procspawn__client *const client = &procspawn__client;

static struct procspawn__taken spares[SPARES_MAX];

static const int64_t first_pause = BASE_SECOND / 10;
/* A server that lives answers in milliseconds. */
static const int64_t patience = 10 * BASE_SECOND;

/* ---- spares ---- */

void procspawn__spares_add(unsigned index, struct wire_frame *frame)
{
    const struct wire_offer *offer = frame->body;
    const struct procspawn__link *link = &client->links[index];

    for (unsigned i = 0; i < frame->header.fd_count && client->spare_count < SPARES_MAX; i++)
        spares[client->spare_count++] = (struct procspawn__taken){
            .channel = base__fd_own(wire__take_fd(frame, i)), .pid = offer[i].pid, .server = link->server,
            .serial = link->serial, .id = offer[i].id, .link = index, .slot = offer[i].slot,
            .token = offer[i].token };
}

void procspawn__spares_drop(unsigned index)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < client->spare_count; i++) {
        if (spares[i].link == index)
            base__fd_close(spares[i].channel);
        else
            spares[kept++] = spares[i];
    }
    client->spare_count = kept;
}

void procspawn__refuse(int error, unsigned count)
{
    client->refused += count;
    client->refusal = error;
}

/* It has had the most time to get ready. */
static struct procspawn__taken take_oldest(void)
{
    struct procspawn__taken oldest = spares[0];

    client->spare_count--;
    memmove(&spares[0], &spares[1], client->spare_count * sizeof *spares);
    return oldest;
}

/* ---- asking ---- */

/* One child from the server whose turn it is; all others hear that their spares are used up. */
static bool ask(void)
{
    bool asked = false;

    for (unsigned n = 0; n < client->count; n++) {
        unsigned index = (client->turn + n) % client->count;
        struct wire_fork body = { .count = !asked };
        if (client->links[index].fd < 0)
            continue;
        int rc = wire__send_struct(client->links[index].fd, WIRE_FORK, &body, sizeof body, -1, true);
        if (rc < 0 && rc != -EAGAIN && rc != -ENOMEM && rc != -ENOBUFS)
            procspawn__links_lose(index);
        if (rc == 0 && !asked) {
            asked = true;
            client->turn = (index + 1) % client->count;
        }
    }
    return asked;
}

/* A refusal that came too late for who had asked is nobody's. */
static void forget_late_refusals(void)
{
    if (client->refused > client->asking)
        client->refused = client->asking;
}

static void ask_if_due(struct procspawn__wish *wish, int64_t now)
{
    if (wish->asked && wish->losses == client->losses && now < wish->repeat_at)
        return;
    bool asked = ask();
    client->asking += asked && !wish->asked;
    wish->asked |= asked;
    wish->losses = client->losses;
    wish->repeat_at = now + wish->pause;
    if (wish->pause < patience)
        wish->pause *= 2;
}

/* Why there is nobody to ask; 0: there is, or will be. */
static int why_not(void)
{
    if (procspawn__links_alive() > 0)
        return 0;
    return client->root < 0 ? PROCSPAWN_ESERVER : client->root_refusal;
}

/* One step towards a child: 1 if there is something to wait for, 0 for a child, or an error. */
static int step(struct procspawn__wish *wish, struct procspawn__taken *ret_taken)
{
    procspawn__links_hear();
    if (client->spare_count == 0)
        procspawn__links_hear_root();
    if (client->spare_count > 0) {
        *ret_taken = take_oldest();
        return 0;
    }
    forget_late_refusals();
    if (wish->asked && client->refused > 0) {
        client->refused--;
        return client->refusal;
    }
    int rc = why_not();
    if (rc == 0)
        rc = procspawn__links_watch();
    int64_t now = base__now();
    if (rc == 0 && now >= wish->give_up_at)
        rc = PROCSPAWN_ESERVER;
    if (rc < 0)
        return rc;
    ask_if_due(wish, now);
    return 1;
}

static int locked_step(struct procspawn__wish *wish, struct procspawn__taken *ret_taken)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&client->lock);
    int rc = step(wish, ret_taken);
    if (rc <= 0)
        client->asking -= wish->asked;
    pthread_mutex_unlock(&client->lock);
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
        procspawn__links_wait(other, wish->give_up_at);
    else
        *wish = (struct procspawn__wish){ .give_up_at = 0 };
    return rc;
}

void procspawn__client_unwish(struct procspawn__wish *wish)
{
    if (wish->give_up_at == 0)
        return;
    pthread_mutex_lock(&client->lock);
    client->asking -= wish->asked;
    pthread_mutex_unlock(&client->lock);
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

/* ---- beginning and end ---- */

static void open_client(unsigned servers)
{
    client->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    procspawn__links_init(servers);
    client->spare_count = 0;
    client->asking = client->refused = 0;
}

static bool all_ready(void)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < client->count; i++)
        ready += client->links[i].ready;
    return ready == client->count;
}

/* 1: not all servers have come up yet; 0: they have; or why they cannot. */
static int look_at_start(void)
{
    procspawn__links_hear_root();
    procspawn__links_hear();
    if (client->refused > 0)
        return client->refusal;
    if (client->root_refusal < 0)
        return client->root_refusal;
    if (client->root < 0)
        return PROCSPAWN_ESTART;
    return all_ready() ? 0 : 1;
}

int procspawn__client_open(int root_link, unsigned servers, int64_t deadline)
{
    open_client(servers);
    client->root = base__fd_own(root_link);
    int rc = procspawn__links_watch();
    if (rc == 0)
        rc = look_at_start();
    while (rc > 0) {
        if (base__now() >= deadline)
            return PROCSPAWN_ESTART;
        procspawn__links_wait(-1, deadline);
        rc = look_at_start();
    }
    return rc;
}

void procspawn__client_adopt(int link, pid_t server)
{
    open_client(1);
    client->links[0] = (struct procspawn__link){ .fd = link, .pidfd = -1, .server = server };
}

/* A pool's thread may still be asking. */
void procspawn__client_close(void)
{
    pthread_mutex_lock(&client->lock);
    procspawn__links_close();
    pthread_mutex_unlock(&client->lock);
}

void procspawn__client_let_go(void)
{
    while (client->dying_count > 0)
        base__fd_close(client->dying[--client->dying_count]);
}

void procspawn__client_forget(void)
{
    pthread_mutex_init(&client->lock, NULL);
    /* Handles of the other process, which may have been freed here. */
    list_init(&client->awaits);
    procspawn__client_close();
    procspawn__client_let_go();
}

int procspawn__client_end(int64_t grace)
{
    struct wire_end body = { grace };

    int rc = wire__send_struct(client->root, WIRE_END, &body, sizeof body, -1, true);
    /* The end of the link says the same, with no grace. */
    if (rc < 0 && base__fd_is_ours(client->root))
        shutdown(client->root, SHUT_WR);
    return rc;
}

static bool root_has_ended(void)
{
    pthread_mutex_lock(&client->lock);
    procspawn__links_hear_root();
    bool ended = client->root < 0;
    pthread_mutex_unlock(&client->lock);
    return ended;
}

int procspawn__client_wait_end(int64_t deadline)
{
    struct pollfd fd = { .fd = client->root, .events = POLLIN };

    while (!root_has_ended()) {
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        poll(&fd, 1, base__poll_timeout(deadline));
    }
    return 0;
}

static bool buried(void)
{
    pthread_mutex_lock(&client->lock);
    bool all = procspawn__links_bury();
    pthread_mutex_unlock(&client->lock);
    return all;
}

int procspawn__client_bury(int64_t deadline)
{
    while (!buried()) {
        struct pollfd fd = { .fd = client->dying[0], .events = POLLIN };
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        poll(&fd, 1, base__poll_timeout(deadline));
    }
    return 0;
}
