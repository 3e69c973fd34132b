/*
 * vigil.c - deaths of which no signal tells
 *
 * A child that another process traces is that one's zombie first: its parent gets no signal and
 * cannot reap it until the tracer lets go. Its pidfd becomes readable all the same. Most children do
 * not live long enough to be worth one, so it is opened after a while, for those that are still
 * there; one that has died meanwhile is found by it.
 *
 * What a child left behind to trace it is ended as all that it left is. A tracer elsewhere below
 * this fork server is ended as well, for it keeps the end of a call from its caller. One outside, as
 * a debugger, is left alone.
 */
#include "forkserver/internal.h"

#include "src/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int64_t youth = BASE_SECOND;
/* When no descriptor can be had; and how often a tracer is looked for. */
static const int64_t rest = BASE_SECOND / 10;

void forkserver__vigil_add(struct server *s, struct child *child)
{
    if (list_empty(&s->young)) {
        s->young_until = child->born + youth;
        forkserver__wake_by(s, s->young_until);
    }
    list_append(&s->young, &child->in_young);
}

void forkserver__vigil_end(struct server *s, struct child *child)
{
    list_remove(&child->in_young);
    if (child->pidfd < 0)
        return;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->pidfd, NULL);
    close(child->pidfd);
    child->pidfd = -1;
}

static int keep_one(struct server *s, struct child *child)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &child->death };
    int pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);

    if (pidfd < 0)
        return -errno;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, pidfd, &event) < 0) {
        int rc = -errno;
        close(pidfd);
        return rc;
    }
    child->pidfd = pidfd;
    return 0;
}

static bool is_shortage(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOSPC;
}

static int64_t keep_those_of_age(struct server *s, int64_t now)
{
    while (!list_empty(&s->young)) {
        struct child *child = list_entry(s->young.next, struct child, in_young);
        if (child->born + youth > now)
            return child->born + youth;
        int rc = s->no_vigil ? 0 : keep_one(s, child);
        if (is_shortage(rc))
            return now + rest;
        /* Where there are no such descriptors, there is no such vigil. */
        s->no_vigil |= rc < 0;
        list_remove(&child->in_young);
    }
    return BASE_NEVER;
}

void forkserver__vigil_keep(struct server *s, int64_t now)
{
    s->young_until = keep_those_of_age(s, now);
}

/* It makes itself a group when it has closed what is not its own. */
bool forkserver__vigil_started(struct server *s)
{
    for (struct list *item = s->young.prev; item != &s->young; item = item->prev) {
        struct child *child = list_entry(item, struct child, in_young);
        child->started = child->started || getpgid(child->pid) == child->pid;
        if (!child->started)
            return false;
    }
    return true;
}

/* ---- tracers ---- */

/* The number behind a key of /proc/PID/status; 0: none. */
static pid_t read_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    pid_t value = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, key, strlen(key)) == 0)
            value = (pid_t)atoi(line + strlen(key));
    }
    if (status)
        fclose(status);
    return value;
}

/* A process of a server's, in whatever depth. The walk ends: all lead to the first process. */
static bool is_below_root(pid_t pid)
{
    enum { DEEPEST = 4096 };
    pid_t root = getppid();

    for (int i = 0; pid > 1 && i < DEEPEST; i++) {
        pid_t parent = read_status(pid, "PPid:");
        if (parent == root)
            return false;
        if (read_status(parent, "PPid:") == root)
            return true;
        pid = parent;
    }
    return false;
}

static void end_tracer(const struct server *s, pid_t pid)
{
    pid_t tracer = s->own_proc ? read_status(pid, "TracerPid:") : 0;

    if (tracer > 0 && is_below_root(tracer))
        kill(tracer, SIGKILL);
}

void forkserver__vigil_release(struct server *s, struct child *child)
{
    if (child->release_at == BASE_NEVER)
        forkserver__end_strangers(s->kin, &s->children, child->pid);
    else
        end_tracer(s, child->pid);
    child->release_at = base__deadline(rest);
    forkserver__wake_by(s, child->release_at);
}

void forkserver__vigil_event(struct server *s, enum watch *death)
{
    struct child *child = (struct child *)(void *)((char *)death - offsetof(struct child, death));

    s->signalled = true;
    forkserver__reap_now(s);
    if (child->state == CHILD_DEAD || child->pidfd < 0)
        return;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->pidfd, NULL);
    forkserver__vigil_release(s, child);
}
