/*
 * channel_end.c - what senders and receivers have in common: a socket that others may have too
 */
#include "src/value/channel_end.h"

#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/scope/wait_points.h"
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

int procspawn__end_hold(int fd, bool has_memory, bool foreign)
{
    if (has_memory)
        return base__fd_hold(fd);
    if (foreign)
        base__close_foreign(fd);
    else
        close(fd);
    return -ENOMEM;
}

/*
 * Closes an end whose contents are unknown. Messages in it are discarded with its last duplicate,
 * and that can block. Which duplicate is the last cannot be known. Nor can the contents be
 * inspected while others have the end: they can hide them (SO_PEEK_OFF).
 */
void procspawn__end_close_unseen(int fd)
{
    fd = base__fd_release(fd);
    if (fd < 0)
        return;
    base__close_foreign(fd);
    base__close_settle();
}

int procspawn__end_wait(int fd, short events, int64_t deadline, int cancel)
{
    if (base__now() >= deadline)
        return -ETIMEDOUT;
    pthread_setcancelstate(cancel, NULL);
    int rc = scoped__wait_fd(fd, events, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return rc;
}
