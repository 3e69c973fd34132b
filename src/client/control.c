#include "src/client/state.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/proc.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

static struct procspawn__client *const client = &procspawn__client;

/* A server that lives takes in what it is told in milliseconds. */
static const int64_t patience = 10 * BASE_SECOND;

pid_t procspawn__taken_pid(const struct procspawn__taken *taken)
{
    return __atomic_load_n(&taken->pid, __ATOMIC_RELAXED);
}

void procspawn__taken_reborn(struct procspawn__taken *taken, const struct wire_reborn *reborn)
{
    __atomic_store_n(&taken->pid, reborn->pid, __ATOMIC_RELAXED);
}

bool procspawn__taken_vouched(const struct procspawn__taken *taken, const struct wire_frame *frame)
{
    return frame->sender == taken->server && frame->header.length >= sizeof taken->token &&
           memcmp(frame->body, &taken->token, sizeof taken->token) == 0;
}

/* ---- what a server is told ---- */

/* NULL when it has died. */
static const struct procspawn__link *link_of(const struct procspawn__taken *taken)
{
    const struct procspawn__link *link = &client->links[taken->link];

    return link->fd >= 0 && link->server == taken->server && link->serial == taken->serial
               ? link : NULL;
}

/* With the lock held. 0, -EPIPE when the server is gone, -EAGAIN and the like when it has no room. */
static int tell_once(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                     size_t length)
{
    procspawn__links_hear();
    const struct procspawn__link *link = link_of(taken);
    return link ? wire__send_struct(link->fd, type, body, length, -1, true) : -EPIPE;
}

static int try_tell(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                    size_t length)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&client->lock);
    int rc = tell_once(taken, type, body, length);
    pthread_mutex_unlock(&client->lock);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__client_try_end_child(const struct procspawn__taken *taken, int signal, int64_t grace)
{
    struct wire_end_child body = { taken->id, procspawn__taken_pid(taken), signal, grace };
    return try_tell(taken, WIRE_END_CHILD, &body, sizeof body);
}

int procspawn__client_try_limit(const struct procspawn__taken *taken, int64_t when)
{
    struct wire_limit body = { .id = taken->id, .deadline = when, .pid = procspawn__taken_pid(taken) };
    return try_tell(taken, WIRE_LIMIT, &body, sizeof body);
}

/* A server that is gone has taken the child with it; one that cannot be told now, for a full queue or
 * want of memory, is told a moment later. */
static int tell(const struct procspawn__taken *taken, enum wire_type type, const void *body,
                size_t length, int64_t deadline)
{
    int64_t limit = base__deadline(patience);
    int cancel, rc;

    if (deadline < limit)
        limit = deadline;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    while ((rc = try_tell(taken, type, body, length)) < 0 && rc != -EPIPE && base__now() < limit)
        poll(NULL, 0, 1);
    pthread_setcancelstate(cancel, NULL);
    return rc < 0 ? PROCSPAWN_ESERVER : 0;
}

int procspawn__client_end_child(const struct procspawn__taken *taken, int signal, int64_t grace)
{
    struct wire_end_child body = { taken->id, procspawn__taken_pid(taken), signal, grace };
    return tell(taken, WIRE_END_CHILD, &body, sizeof body, BASE_NEVER);
}

int procspawn__client_limit(const struct procspawn__taken *taken, int64_t when, int64_t deadline)
{
    struct wire_limit body = { .id = taken->id, .deadline = when, .pid = procspawn__taken_pid(taken) };
    return tell(taken, WIRE_LIMIT, &body, sizeof body, deadline);
}

/* ---- children that have answered ---- */

/*
 * The server looks a second after it was asked to. So what is marked within a second of asking is
 * seen by that look, and only the first mark after it costs a message.
 */
static void ask_for_look(struct procspawn__link *link, int64_t now)
{
    static const int64_t pause = BASE_SECOND;

    pthread_mutex_lock(&client->lock);
    if (link->fd >= 0 && now >= link->looked_at + pause &&
        wire__send(link->fd, WIRE_LOOK, NULL, 0, NULL, 0, true) == 0)
        __atomic_store_n(&link->looked_at, now, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&client->lock);
}

static void mark(const struct procspawn__taken *taken, struct wire_board *board)
{
    static const int64_t pause = BASE_SECOND;
    struct procspawn__link *link = &client->links[taken->link];

    wire__board_mark(&board[taken->link].marks[taken->slot], &taken->token, base__now());
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    int64_t now = base__now();
    if (now >= __atomic_load_n(&link->looked_at, __ATOMIC_RELAXED) + pause)
        ask_for_look(link, now);
}

/* A child has no board to write on; nor is there a place on it for every child. */
void procspawn__client_answered(const struct procspawn__taken *taken)
{
    static const int64_t farewell = 2 * BASE_SECOND;
    struct wire_board *board = procspawn__image.options.board;

    if (board && taken->slot < WIRE_BOARD_SLOTS)
        mark(taken, board);
    else
        procspawn__client_try_end_child(taken, SIGCONT, farewell);
}

/* ---- what becomes of a child whose channel has ended ---- */

/* The link of a server that is killed may end after the channels. */
static enum procspawn__fate fate(const struct procspawn__taken *taken)
{
    if (link_of(taken))
        return base__proc_is_ending(taken->server) ? PROCSPAWN__LEAVING : PROCSPAWN__SERVED;
    procspawn__links_hear_root();
    if (client->root < 0 || client->gone[taken->link] >= taken->serial)
        return PROCSPAWN__LEFT_NOTHING;
    return PROCSPAWN__LEAVING;
}

enum procspawn__fate procspawn__client_fate(const struct procspawn__taken *taken)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&client->lock);
    procspawn__links_hear();
    enum procspawn__fate answer = fate(taken);
    pthread_mutex_unlock(&client->lock);
    pthread_setcancelstate(cancel, NULL);
    return answer;
}

/* ---- word of a child's end ---- */

static bool is_about(const struct procspawn__await *await, unsigned index, uint64_t id)
{
    const struct procspawn__taken *taken = await->taken;

    return taken->link == index && taken->id == id &&
           taken->serial == client->links[index].serial;
}

void procspawn__ended(unsigned index, const struct wire_ended *ended)
{
    for (struct list *item = client->awaits.next; item != &client->awaits; item = item->next) {
        struct procspawn__await *await = list_entry(item, struct procspawn__await, in_client);
        if (!is_about(await, index, ended->id))
            continue;
        await->told = true;
        await->known = ended->known;
        await->death = ended->death;
    }
}

/* The server may have lost it, or its answer: neither waits for room. */
static void ask_for_word(struct procspawn__await *await, bool kill)
{
    static const int64_t pause = BASE_SECOND;
    struct wire_await body = { await->taken->id, procspawn__taken_pid(await->taken), kill };

    if (base__now() < await->repeat_at)
        return;
    if (tell_once(await->taken, WIRE_AWAIT, &body, sizeof body) == 0)
        await->repeat_at = base__deadline(pause);
}

static int look_for_word(struct procspawn__await *await, const struct procspawn__taken *taken,
                         bool kill)
{
    if (!await->taken) {
        await->taken = taken;
        list_append(&client->awaits, &await->in_client);
    }
    procspawn__links_hear();
    if (await->told)
        return 0;
    enum procspawn__fate now = fate(taken);
    if (now == PROCSPAWN__SERVED)
        ask_for_word(await, kill);
    return now == PROCSPAWN__LEFT_NOTHING ? PROCSPAWN_ESERVER : 1;
}

int procspawn__client_await(struct procspawn__await *await, const struct procspawn__taken *taken,
                            bool kill)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&client->lock);
    int rc = look_for_word(await, taken, kill);
    pthread_mutex_unlock(&client->lock);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn__client_unawait(struct procspawn__await *await)
{
    if (!await->taken)
        return;
    pthread_mutex_lock(&client->lock);
    list_remove(&await->in_client);
    pthread_mutex_unlock(&client->lock);
    await->taken = NULL;
}

/* The bound is for the case that another thread took the event: then nothing wakes this one. */
int procspawn__client_wait(int64_t deadline)
{
    static const int64_t recheck = BASE_SECOND / 20;
    int64_t until = base__deadline(recheck);
    if (deadline < until)
        until = deadline;
    int rc = base__fd_is_ours(client->epoll) ? scoped__wait_fd(client->epoll, POLLIN, until)
                                             : scoped_sleep_until(until);
    return rc == -ETIMEDOUT && base__now() < deadline ? 0 : rc;
}
