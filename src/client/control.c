/*
 * control.c - messages to a server about a child: end it, limit its time, it has answered
 */
#include "src/client/control.h"

#include "src/base/clock.h"
#include "src/client/links.h"
#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/image/image.h"
#include "src/wire/board.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static struct procspawn__client *const client = &procspawn__client;

/* How long to wait for room on a link: a server that works empties it in milliseconds. */
static const int64_t send_timeout = 10 * BASE_SECOND;

const struct procspawn__link *procspawn__link_of(const struct procspawn__remote_child *child)
{
    const struct procspawn__link *link = &client->links[child->link];

    return link->fd >= 0 && link->server == child->server && link->serial == child->serial
               ? link : NULL;
}

int procspawn__tell_once(const struct procspawn__remote_child *child, enum wire_type type,
                         const void *body, size_t length)
{
    procspawn__links_receive();
    const struct procspawn__link *link = procspawn__link_of(child);
    return link ? wire__send_struct(link->fd, type, body, length, -1, true) : -EPIPE;
}

static int try_tell(const struct procspawn__remote_child *child, enum wire_type type,
                    const void *body, size_t length)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__client_enter();
    int rc = procspawn__tell_once(child, type, body, length);
    procspawn__client_leave();
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

static struct wire_end_child end_of(const struct procspawn__remote_child *child, int signal,
                                    int64_t grace, enum wire_end_cause cause)
{
    return (struct wire_end_child){ .id = child->id,
                                    .pid = procspawn__remote_child_pid(child),
                                    .signal = signal,
                                    .grace = grace,
                                    .cause = cause };
}

int procspawn__client_try_end_child(const struct procspawn__remote_child *child, int signal,
                                    int64_t grace, enum wire_end_cause cause)
{
    struct wire_end_child body = end_of(child, signal, grace, cause);
    return try_tell(child, WIRE_END_CHILD, &body, sizeof body);
}

static struct wire_limit limit_of(const struct procspawn__remote_child *child,
                                  enum wire_limit_kind kind, int64_t until, int64_t length)
{
    return (struct wire_limit){ .id = child->id,
                                .until = until,
                                .length = length,
                                .pid = procspawn__remote_child_pid(child),
                                .kind = kind };
}

int procspawn__client_try_limit(const struct procspawn__remote_child *child,
                                enum wire_limit_kind kind, int64_t until, int64_t length)
{
    struct wire_limit body = limit_of(child, kind, until, length);
    return try_tell(child, WIRE_LIMIT, &body, sizeof body);
}

/* Repeats the message while the link is full or memory is short. A server that is gone need not be
 * told: its children are gone, too. */
static int tell(const struct procspawn__remote_child *child, enum wire_type type, const void *body,
                size_t length, int64_t deadline)
{
    int64_t limit = base__deadline(send_timeout);
    int cancel, rc;

    if (deadline < limit)
        limit = deadline;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    while ((rc = try_tell(child, type, body, length)) < 0 && rc != -EPIPE && base__now() < limit)
        poll(NULL, 0, 1);
    pthread_setcancelstate(cancel, NULL);
    return rc < 0 ? PROCSPAWN_ESERVER : 0;
}

int procspawn__client_end_child(const struct procspawn__remote_child *child, int signal,
                                int64_t grace, enum wire_end_cause cause)
{
    struct wire_end_child body = end_of(child, signal, grace, cause);
    return tell(child, WIRE_END_CHILD, &body, sizeof body, BASE_NEVER);
}

int procspawn__client_limit(const struct procspawn__remote_child *child, enum wire_limit_kind kind,
                            int64_t until, int64_t length, int64_t deadline)
{
    struct wire_limit body = limit_of(child, kind, until, length);
    return tell(child, WIRE_LIMIT, &body, sizeof body, deadline);
}

/* ---- children that have answered ---- */

/*
 * The server reads the board a second after LOOK or any other message. That look finds all marks of
 * the second, so only the first mark after it requires another message; and none if the link is
 * full of messages that the server has not read yet.
 */
static void ask_for_look(struct procspawn__link *link, int64_t now)
{
    static const int64_t pause = BASE_SECOND;

    procspawn__client_enter();
    if (link->fd >= 0 && now >= link->looked_at + pause) {
        int rc = wire__send(link->fd, WIRE_LOOK, NULL, 0, NULL, 0, true);
        if (rc == 0 || rc == -EAGAIN)
            __atomic_store_n(&link->looked_at, now, __ATOMIC_RELAXED);
    }
    procspawn__client_leave();
}

static void mark(const struct procspawn__remote_child *child, struct wire_board *board)
{
    static const int64_t pause = BASE_SECOND;
    struct procspawn__link *link = &client->links[child->link];

    wire__board_mark(&board[child->link].marks[child->slot], &child->token, base__now());
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    int64_t now = base__now();
    if (now >= __atomic_load_n(&link->looked_at, __ATOMIC_RELAXED) + pause)
        ask_for_look(link, now);
}

/* A child has no board, and the board has not room for every child: then a message is sent. */
void procspawn__client_answered(const struct procspawn__remote_child *child)
{
    static const int64_t farewell = 2 * BASE_SECOND;
    struct wire_board *board = procspawn__image.board;

    if (board && child->slot < WIRE_BOARD_SLOTS)
        mark(child, board);
    else
        procspawn__client_try_end_child(child, SIGCONT, farewell, WIRE_ENDED_BY_KILL);
}
