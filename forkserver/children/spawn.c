/*
 * spawn.c - forks a child: its channel, its link, its offer
 */
#include "forkserver/children/spawn.h"

#include "forkserver/children/births.h"
#include "forkserver/children/child_start.h"
#include "forkserver/children/children.h"
#include "forkserver/children/death_watch.h"
#include "forkserver/children/link.h"
#include "forkserver/children/orphan_scan.h"
#include "forkserver/children/quota.h"
#include "forkserver/children/requester.h"
#include "forkserver/children/state.h"
#include "forkserver/children/token.h"
#include "src/base/clock.h"
#include "src/wire/board.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* Opens a channel: the spawner's end, then the child's end. */
static int open_channel(int ret_channel[2])
{
    int channel[2];
    int rc = wire__pair(channel);

    if (rc < 0)
        return rc;
    rc = wire__pass_sender(channel[0]);
    if (rc == 0)
        rc = wire__pass_sender(channel[1]);
    if (rc < 0) {
        close_pair(channel);
        return rc;
    }
    memcpy(ret_channel, channel, sizeof channel);
    return 0;
}

/* Forks the process. Returns its process id, or -errno. */
static pid_t fork_child(const struct server *s, struct child *child, int64_t idle_timeout,
                        bool on_demand, bool held)
{
    const struct child *owner = child->requester->owner;

    child->depth = owner ? owner->depth + 1 : 0;
    const struct child_start start = {
        .options = s->options,
        .child = {
            .channel = child->channel,
            .link = child->as_requester.link.far,
            .server = s->pid,
            .requester = owner ? owner->pid : s->options->host,
            .depth = child->depth,
            .idle_timeout = idle_timeout,
            .on_demand = on_demand,
        },
        .descriptors = s->host_descriptors,
        .descriptors_differ = s->host_descriptors.rlim_cur != s->host_descriptors.rlim_max,
        .mark = s->births.mark,
        .held = held,
    };
    pid_t pid = fork();

    if (pid == 0)
        forkserver__child_main(&start);
    return pid < 0 ? -errno : pid;
}

int forkserver__offer(struct server *s, struct requester *requester, struct child *const *children,
                      unsigned count)
{
    struct wire_part part = { s->offers, count * sizeof s->offers[0] };
    int ends[WIRE_MAX_OFFERS] = { -1 };

    for (unsigned i = 0; i < count; i++) {
        s->offers[i] = (struct wire_offer){ .token = children[i]->token, .id = children[i]->id,
                                            .pid = children[i]->pid,
                                            .slot = children[i]->slot };
        ends[i] = children[i]->offered;
        children[i]->offered = -1;
    }
    int rc = wire__send(requester->link.fd, WIRE_OFFER, &part, 1, ends, count, true);
    if (rc == 0)
        requester->spares += count;
    for (unsigned i = 0; i < count; i++) {
        children[i]->epoch = rc == 0 ? requester->epoch : CHILD_NEVER_OFFERED;
        close(ends[i]);
    }
    return rc;
}

/* The server watches its end of the link before a process exists that could use the other end. */
static pid_t fork_with_link(struct server *s, struct child *child, int64_t idle_timeout,
                            bool on_demand, bool held)
{
    int rc = forkserver__births_mark(&s->births);

    if (rc >= 0)
        rc = forkserver__link_open(&child->as_requester.link);
    if (rc < 0)
        return rc;
    rc = forkserver__requester_open(&child->as_requester, s->epoll);
    pid_t pid = rc < 0 ? rc : fork_child(s, child, idle_timeout, on_demand, held);
    if (pid < 0)
        forkserver__requester_free(&child->as_requester, s->epoll, &s->purge);
    return pid;
}

static int spawn(struct server *s, struct child *child, int64_t idle_timeout, bool on_demand)
{
    int channel[2];
    int rc = forkserver__token_draw(&s->tokens, &child->token);

    if (rc == 0 && child->slot < WIRE_BOARD_SLOTS)
        wire__board_expect(&s->board->marks[child->slot], &child->token);
    if (rc == 0)
        rc = open_channel(channel);
    if (rc < 0)
        return rc;
    child->channel = channel[1];
    pid_t pid = fork_with_link(s, child, idle_timeout, on_demand, false);
    if (pid < 0) {
        close_pair(channel);
        return pid;
    }
    child->offered = channel[0];
    forkserver__child_started(&s->children, child, pid);
    return 0;
}

int forkserver__spawn(struct server *s, struct requester *requester, int64_t idle_timeout,
                      bool on_demand, struct child **ret_child)
{
    struct child *child = forkserver__child_new(&s->children, requester);

    if (!child)
        return -ENOMEM;
    int rc = spawn(s, child, idle_timeout, on_demand);
    if (rc < 0) {
        forkserver__child_free(&s->children, child);
        return rc;
    }
    forkserver__orphan_scan_forked(s, child);
    forkserver__death_watch_add(s, child);
    requester->children++;
    forkserver__quota_count(s, requester, 1);
    *ret_child = child;
    return 0;
}

/*
 * The new process waits for READY until REBORN is sent to the spawner, which would reject answers
 * from an unknown process.
 */
bool forkserver__respawn(struct server *s, struct child *child)
{
    struct wire_reborn *body = &s->reborn;

    forkserver__requester_free(&child->as_requester, s->epoll, &s->purge);
    child->as_requester = (struct requester){ .watch = WATCH_REQUESTER,
                                              .link = { .fd = -1 },
                                              .owner = child };
    pid_t pid = fork_with_link(s, child, BASE_NEVER, true, true);
    if (pid < 0)
        return false;
    forkserver__child_reborn(&s->children, child, pid);
    forkserver__orphan_scan_forked(s, child);
    forkserver__death_watch_add(s, child);
    *body = (struct wire_reborn){ .token = child->token, .pid = pid };
    child->killed =
        wire__send_struct(child->channel, WIRE_REBORN, body, sizeof *body, -1, true) == -EAGAIN;
    if (child->killed)
        kill(pid, SIGKILL);
    else
        wire__send(child->as_requester.link.fd, WIRE_READY, NULL, 0, NULL, 0, true);
    return true;
}
