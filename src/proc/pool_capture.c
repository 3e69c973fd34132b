/*
 * pool_capture.c - what one call writes, kept apart
 *
 * Memory, not pipes: a worker never waits for a reader.
 */
#include "src/proc/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A second look at the same memory, with a position of its own. */
static int reopen(int fd)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    return again < 0 ? -errno : again;
}

static int capture(struct procspawn__pool_call *call, int stream, uint32_t flag)
{
    int fd = memfd_create("forkscope", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    call->draft->draft.stdio[stream] = fd;
    call->draft->draft.owned[stream] = true;
    call->draft->draft.call.flags |= flag;
    if (fcntl(fd, F_SETFL, O_APPEND) < 0)
        return -errno;
    int reader = reopen(fd);
    if (reader < 0)
        return reader;
    call->handle.pipes[stream] = reader;
    return 0;
}

int procspawn__pool_capture(struct procspawn__pool_call *call)
{
    const bool *wanted = call->pool->plan.capture;
    int rc = 0;

    if (wanted[STDOUT_FILENO])
        rc = capture(call, STDOUT_FILENO, WIRE_CALL_FD_STDOUT);
    if (rc == 0 && wanted[STDERR_FILENO])
        rc = capture(call, STDERR_FILENO, WIRE_CALL_FD_STDERR);
    return rc;
}
