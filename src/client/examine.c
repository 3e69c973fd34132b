/*
 * examine.c - asks the server of a child for a report on it, and waits for that
 */
#include "src/client/examine.h"

#include "src/base/clock.h"
#include "src/client/child_end.h"
#include "src/client/control.h"
#include "src/client/links.h"
#include "src/client/state.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <stdbool.h>

static struct procspawn__client *const client = &procspawn__client;

static int ask(const struct procspawn__remote_child *child, struct procspawn__examination *one)
{
    procspawn__client_enter();
    one->question = ++client->questions;
    list_append(&client->examinations, &one->in_client);
    const struct wire_examine body = { .id = child->id, .question = one->question,
                                       .pid = procspawn__remote_child_pid(child) };
    int rc = procspawn__tell_once(child, WIRE_EXAMINE, &body, sizeof body);
    procspawn__client_leave();
    return rc < 0 ? PROCSPAWN_ESERVER : 0;
}

static bool is_told(const struct procspawn__examination *one)
{
    procspawn__client_enter();
    procspawn__links_receive();
    bool told = one->told;
    procspawn__client_leave();
    return told;
}

/* The server drops an answer if the link is full, so there may never be one. */
static int wait_for_answer(const struct procspawn__remote_child *child,
                           const struct procspawn__examination *one, int64_t deadline)
{
    static const int64_t longest = 3 * BASE_SECOND;
    const int64_t lost = base__deadline(longest);

    while (!is_told(one)) {
        if (procspawn__client_fate(child) != PROCSPAWN__SERVED)
            return PROCSPAWN_ESERVER;
        int64_t now = base__now();
        if (now >= deadline)
            return -ETIMEDOUT;
        if (now >= lost)
            return -EAGAIN;
        procspawn__links_wait(-1, deadline < lost ? deadline : lost);
    }
    return 0;
}

int procspawn__client_examine(const struct procspawn__remote_child *child, int64_t deadline,
                              struct procspawn__examination *ret_answer)
{
    int cancel;

    *ret_answer = (struct procspawn__examination){ .memfd = -1 };
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = ask(child, ret_answer);
    if (rc == 0)
        rc = wait_for_answer(child, ret_answer, deadline);
    procspawn__client_enter();
    list_remove(&ret_answer->in_client);
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return (rc == -ETIMEDOUT || rc == -EAGAIN) && ret_answer->told ? 0 : rc;
}
