/*
 * collector_link.c - the socket to the collector
 */
#include "src/call/collector_link.h"

#include "src/base/fd.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    int socket GUARDED_BY(collector_lock);      /* -1: there is none */
    uid_t user GUARDED_BY(collector_lock);      /* the effective one of who started it */
} collector = { .socket = -1 };

static void enter(void) LOCKS(collector_lock)
{
    pthread_mutex_lock(&lock);
}

static void leave(void) UNLOCKS(collector_lock)
{
    pthread_mutex_unlock(&lock);
}

bool procspawn__collector_lives(void)
{
    struct pollfd fd = { .events = 0 };

    enter();
    fd.fd = collector.socket;
    bool alive = fd.fd >= 0 && base__fd_is_ours(fd.fd) && poll(&fd, 1, 0) == 0;
    leave();
    return alive;
}

/*
 * A child can end the collector if that has the child's user id. So a collector that was started
 * with another one than root's does not serve a caller that is root.
 */
bool procspawn__collector_serves(void)
{
    enter();
    bool fit = collector.user == 0 || geteuid() != 0;
    leave();
    return fit && procspawn__collector_lives();
}

int procspawn__collector_send(enum wire_type type, const void *body, size_t length, const int *fds,
                              size_t fd_count)
{
    struct wire_part part = { body, length };
    int rc = -EPIPE;

    enter();
    if (collector.socket >= 0)
        rc = wire__send(collector.socket, type, &part, 1, fds, fd_count, true);
    leave();
    return rc == -EAGAIN || rc == -EPIPE ? -ENOBUFS : rc;
}

void procspawn__collector_connect(int socket)
{
    enter();
    base__fd_close(collector.socket);
    collector.socket = socket;
    collector.user = geteuid();
    leave();
}

void procspawn__collector_close(void)
{
    procspawn__collector_connect(-1);
}

void procspawn__collector_forget(void)
    NO_THREAD_SAFETY_ANALYSIS("no other thread is there")
{
    pthread_mutex_init(&lock, NULL);
    base__fd_close(collector.socket);
    collector.socket = -1;
}
