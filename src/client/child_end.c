/*
 * child_end.c - whether a child is gone: asks its server or, if that died, the root
 */
#include "src/client/child_end.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/base/proc.h"
#include "src/client/awaits.h"
#include "src/client/control.h"
#include "src/client/links.h"
#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

static struct procspawn__client *const client = &procspawn__client;

/* When a server is killed, channels may close before its link does: so /proc is checked, too. */
static enum procspawn__fate fate(const struct procspawn__remote_child *child) REQUIRES(client_lock)
{
    if (procspawn__link_of(child))
        return base__proc_is_ending(child->server) ? PROCSPAWN__LEAVING : PROCSPAWN__SERVED;
    procspawn__links_receive_root();
    if (client->root < 0 || client->gone[child->link] >= child->serial)
        return PROCSPAWN__LEFT_NOTHING;
    return PROCSPAWN__LEAVING;
}

enum procspawn__fate procspawn__client_fate(const struct procspawn__remote_child *child)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__client_enter();
    procspawn__links_receive();
    enum procspawn__fate answer = fate(child);
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return answer;
}

static bool has_server(void) REQUIRES(client_lock)
{
    for (unsigned i = 0; i < client->count; i++) {
        if (client->links[i].fd >= 0)
            return true;
    }
    return false;
}

bool procspawn__client_is_deserted(void)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__client_enter();
    procspawn__links_receive();
    procspawn__links_receive_root();
    bool deserted = client->root < 0 && !has_server();
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return deserted;
}

/* Question and answer are dropped if a socket is full, so the question is repeated. */
static void ask_for_word(struct procspawn__await *await, bool kill) REQUIRES(client_lock)
{
    static const int64_t pause = BASE_SECOND;
    struct wire_await body = { await->child->id, procspawn__remote_child_pid(await->child), kill };

    if (base__now() < await->repeat_at)
        return;
    if (procspawn__tell_once(await->child, WIRE_AWAIT, &body, sizeof body) == 0)
        await->repeat_at = base__deadline(pause);
}

static int look_for_word(struct procspawn__await *await,
                         const struct procspawn__remote_child *child, bool kill)
    REQUIRES(client_lock)
{
    if (!await->child) {
        await->child = child;
        list_append(&client->awaits, &await->in_client);
    }
    /* A server answers before it closes the channel: who has seen its end must find the answer. */
    procspawn__links_receive();
    if (!await->told && procspawn__link_of(child))
        procspawn__links_receive_behind_offers(child->link);
    if (await->told)
        return 0;
    enum procspawn__fate now = fate(child);
    if (now == PROCSPAWN__SERVED)
        ask_for_word(await, kill);
    return now == PROCSPAWN__LEFT_NOTHING ? PROCSPAWN_ESERVER : 1;
}

int procspawn__client_await(struct procspawn__await *await,
                            const struct procspawn__remote_child *child, bool kill)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__client_enter();
    int rc = look_for_word(await, child, kill);
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn__client_unawait(struct procspawn__await *await)
{
    if (!await->child)
        return;
    procspawn__client_enter();
    list_remove(&await->in_client);
    procspawn__client_leave();
    await->child = NULL;
}
