/*
 * take.c - takes a child for a call: from the stock, or by a request to a server
 *
 * Requests and offers are not matched. A thread that finds the stock empty asks a server for one
 * child, and takes the first that is offered. If it gives up, the child stays in stock. A server
 * that does not answer may be stopped: after a pause another one is asked, too.
 */
#include "src/client/take.h"

#include "src/base/clock.h"
#include "src/client/active.h"
#include "src/client/links.h"
#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/client/stock.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct procspawn__client *const client = &procspawn__client;

static const int64_t first_retry_delay = BASE_SECOND / 10;
/* How long to wait for a child: a server that works answers in milliseconds. */
static const int64_t offer_timeout = 10 * BASE_SECOND;

/* Asks the next active server for one child, and the others for none: FORK tells them that the stock
 * is empty. Returns whether a server was asked. */
static bool ask(void) REQUIRES(client_lock)
{
    bool asked = false;

    procspawn__active_choose();
    for (unsigned n = 0; n < client->count; n++) {
        unsigned index = (client->turn + n) % client->count;
        struct wire_fork body = { .count = !asked };
        if (client->links[index].fd < 0 || !procspawn__active_is(index))
            continue;
        int rc = wire__send_struct(client->links[index].fd, WIRE_FORK, &body, sizeof body, -1,
                                   true);
        if (rc < 0 && rc != -EAGAIN && rc != -ENOMEM && rc != -ENOBUFS)
            procspawn__links_lose(index);
        if (rc == 0 && !asked) {
            asked = true;
            client->turn = (index + 1) % client->count;
        }
    }
    client->was_asked |= asked;
    return asked;
}

bool procspawn__client_was_asked(void)
{
    procspawn__client_enter();
    bool asked = client->was_asked;
    procspawn__client_leave();
    return asked;
}

/* Drops refusals of requests that were withdrawn. */
static void forget_late_refusals(void) REQUIRES(client_lock)
{
    if (client->refused > client->asking)
        client->refused = client->asking;
}

static void ask_if_due(struct procspawn__child_request *request, int64_t now) REQUIRES(client_lock)
{
    if (request->asked && request->losses == client->losses && now < request->repeat_at)
        return;
    bool asked = ask();
    client->asking += asked && !request->asked;
    request->asked |= asked;
    request->losses = client->losses;
    request->repeat_at = now + request->retry_delay;
    if (request->retry_delay < offer_timeout)
        request->retry_delay *= 2;
}

/* 0: there is a server, or will be; else why there is none. */
static int why_not(void) REQUIRES(client_lock)
{
    if (procspawn__links_alive() > 0)
        return 0;
    return client->root < 0 ? PROCSPAWN_ESERVER : client->root_refusal;
}

/* With the lock held: 0: a child was taken; 1: wait for messages; or an error. */
static int step(struct procspawn__child_request *request, struct procspawn__remote_child *ret_child)
    REQUIRES(client_lock)
{
    procspawn__links_receive();
    if (client->spare_count == 0)
        procspawn__links_receive_root();
    if (client->spare_count > 0) {
        *ret_child = procspawn__stock_take();
        return 0;
    }
    forget_late_refusals();
    if (request->asked && client->refused > 0) {
        client->refused--;
        return client->refusal;
    }
    int rc = why_not();
    if (rc == 0)
        rc = procspawn__links_watch();
    int64_t now = base__now();
    if (rc == 0 && now >= request->give_up_at)
        rc = PROCSPAWN_ESERVER;
    if (rc < 0)
        return rc;
    ask_if_due(request, now);
    return 1;
}

static int locked_step(struct procspawn__child_request *request,
                       struct procspawn__remote_child *ret_child)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__client_enter();
    int rc = step(request, ret_child);
    if (rc <= 0)
        client->asking -= request->asked;
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__client_step(struct procspawn__child_request *request,
                           struct procspawn__remote_child *ret_child)
{
    if (request->give_up_at == 0)
        *request = (struct procspawn__child_request){ .retry_delay = first_retry_delay,
                                                      .give_up_at = base__deadline(offer_timeout) };
    int rc = locked_step(request, ret_child);
    if (rc <= 0)
        *request = (struct procspawn__child_request){ .give_up_at = 0 };
    return rc;
}

int procspawn__client_try(struct procspawn__child_request *request, int other,
                          struct procspawn__remote_child *ret_child)
{
    int rc = procspawn__client_step(request, ret_child);

    if (rc > 0)
        procspawn__links_wait(other, request->give_up_at);
    return rc;
}

void procspawn__client_cancel_request(struct procspawn__child_request *request)
{
    if (request->give_up_at == 0)
        return;
    procspawn__client_enter();
    client->asking -= request->asked;
    procspawn__client_leave();
    *request = (struct procspawn__child_request){ .give_up_at = 0 };
}

int procspawn__client_take(int64_t deadline, struct procspawn__remote_child *ret_child)
{
    struct procspawn__child_request request = { .retry_delay = first_retry_delay,
                                                .give_up_at = base__deadline(offer_timeout) };
    int rc;

    if (deadline < request.give_up_at)
        request.give_up_at = deadline;
    while ((rc = procspawn__client_try(&request, -1, ret_child)) > 0)
        continue;
    return rc == PROCSPAWN_ESERVER && base__now() >= deadline ? -ETIMEDOUT : rc;
}
