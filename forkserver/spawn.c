/*
 * spawn.c - one child: its channel, its fork, its offer
 */
#include "forkserver/internal.h"

#include "forkserver/crash.h"
#include "src/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* The spawner's end, the child's end. */
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

/* What a child must know of its server, whose own memory it does not have. */
struct birth {
    const struct forkserver_options *options;
    struct forkserver_child child;
    struct rlimit descriptors;
    bool descriptors_differ;
};

/* All of them; by the system call, for the library's way there is one more page for each child. */
static void unblock_signals(void)
{
    const unsigned char none[8] = { 0 };

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, sizeof none);
}

/*
 * The first steps of a child. The death signal comes first, and the server is asked for after it,
 * so that no moment is left in which the server could die unnoticed. With a group of its own it is
 * known to hold no descriptors of others (forkserver__vigil_started). Signals are let in last.
 */
static void __attribute__((noreturn)) start_child(const struct birth *birth)
{
    const struct forkserver_child *child = &birth->child;
    const int keep[] = { child->channel, child->link };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->server)
        _exit(0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (birth->descriptors_differ)
        setrlimit(RLIMIT_NOFILE, &birth->descriptors);
    forkserver__close_but(keep, 2, birth->options->held);
    setpgid(0, 0);
    if (birth->options->catch_crashes)
        forkserver__crash_arm(child->server);
    unblock_signals();
    birth->options->enter(child);
    _exit(0);
}

static int fork_child(struct server *s, struct child *child, int channel, int64_t patience,
                      bool awaited)
{
    const struct child *owner = child->asker->owner;

    child->depth = owner ? owner->depth + 1 : 0;
    const struct birth birth = {
        .options = s->options,
        .child = {
            .channel = channel,
            .link = child->client.link.far,
            .server = s->pid,
            .asker = owner ? owner->pid : s->options->host,
            .depth = child->depth,
            .patience = patience,
            .awaited = awaited,
        },
        .descriptors = s->host_descriptors,
        .descriptors_differ = s->host_descriptors.rlim_cur != s->host_descriptors.rlim_max,
    };
    pid_t pid = fork();

    if (pid == 0)
        start_child(&birth);
    if (pid < 0)
        return -errno;
    child->channel = channel;
    forkserver__child_started(&s->children, child, pid);
    forkserver__vigil_add(s, child);
    child->asker->children++;
    forkserver__quota_count(s, child->asker, 1);
    return 0;
}

int forkserver__offer(struct server *s, struct client *asker, struct child *const *children,
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
        children[i]->epoch = asker->epoch;
    }
    int rc = wire__send(asker->link.fd, WIRE_OFFER, &part, 1, ends, count, true);
    if (rc == 0)
        asker->spares += count;
    for (unsigned i = 0; i < count; i++)
        close(ends[i]);
    return rc;
}

/* The server's end is watched before there is a process that could use the other one. */
static int fork_with_link(struct server *s, struct child *child, int channel, int64_t patience,
                          bool awaited)
{
    int rc = forkserver__link_open(&child->client.link);

    if (rc < 0)
        return rc;
    rc = forkserver__client_open(s, &child->client);
    if (rc == 0)
        rc = fork_child(s, child, channel, patience, awaited);
    if (rc < 0)
        forkserver__client_free(s, &child->client);
    return rc;
}

int forkserver__spawn(struct server *s, struct client *asker, int64_t patience, bool awaited,
                      struct child **ret_child)
{
    int channel[2];
    struct child *child = forkserver__child_new(&s->children, asker);
    if (!child)
        return -ENOMEM;

    int rc = forkserver__token_draw(&s->tokens, &child->token);
    if (rc == 0)
        rc = open_channel(channel);
    if (rc < 0) {
        forkserver__child_free(&s->children, child);
        return rc;
    }
    rc = fork_with_link(s, child, channel[1], patience, awaited);
    if (rc < 0) {
        close_pair(channel);
        forkserver__child_free(&s->children, child);
        return rc;
    }
    child->offered = channel[0];
    *ret_child = child;
    return 0;
}
