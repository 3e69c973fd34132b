/*
 * event.c - raises, clears and closes eventfds with cancellation off
 */
#include "src/scope/event.h"

#include "src/base/fd.h"
#include "src/base/thread.h"

void scoped__event_raise(int fd)
{
    if (fd < 0)
        return;
    bool was_on = base__cancelable(false);
    base__event_raise(fd);
    base__cancelable(was_on);
}

void scoped__event_clear(int fd)
{
    if (fd < 0)
        return;
    bool was_on = base__cancelable(false);
    base__event_clear(fd);
    base__cancelable(was_on);
}

void scoped__event_close(int *fd)
{
    if (*fd < 0)
        return;
    bool was_on = base__cancelable(false);
    base__fd_close(*fd);
    base__cancelable(was_on);
    *fd = -1;
}
