/*
 * stdio.c - the standard streams of a child: the caller's side
 */
#include "src/call/stdio.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/request.h"
#include "src/wire/call.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

static const uint32_t flags[3] = { WIRE_CALL_FD_STDIN, WIRE_CALL_FD_STDOUT, WIRE_CALL_FD_STDERR };

static int open_pipe(struct procspawn__request *request, int stream)
{
    int ends[2];
    int child_end = stream == STDIN_FILENO ? 0 : 1;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int rc = base__ends_behind_stdio(ends);
    if (rc < 0)
        return rc;
    request->stdio[stream] = ends[child_end];
    request->owned[stream] = true;
    request->pipes[stream] = base__fd_hold(ends[!child_end]);
    return request->pipes[stream] < 0 ? request->pipes[stream] : 0;
}

static int open_stream(struct procspawn__request *request, int stream,
                       const struct procspawn__stream *chosen, bool is_snapshot)
{
    switch (chosen->mode) {
    case PROCSPAWN_STDIO_NULL:
        return 0;
    case PROCSPAWN_STDIO_PIPE:
        return open_pipe(request, stream);
    case PROCSPAWN_STDIO_FD:
        request->stdio[stream] = chosen->fd;
        if (is_snapshot && !base__fd_is_ours(chosen->fd))
            return -EBADF;
        return fcntl(chosen->fd, F_GETFD) < 0 ? -errno : 0;
    case PROCSPAWN_STDIO_INHERIT:
        if (fcntl(stream, F_GETFD) >= 0)
            request->stdio[stream] = stream;
        return 0;
    }
    return -EINVAL;
}

/* A stream for which no descriptor is sent is /dev/null in the child. */
int procspawn__streams_open(struct procspawn__request *request, const procspawn_builder *builder)
{
    static const struct procspawn__stream inherit = { PROCSPAWN_STDIO_INHERIT, -1 };
    bool is_snapshot = builder && builder->environment; /* a snapshot, which owns its descriptors */

    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        int rc = open_stream(request, stream, builder ? &builder->stdio[stream] : &inherit,
                             is_snapshot);
        if (rc < 0)
            return rc;
        if (request->stdio[stream] >= 0)
            request->call.flags |= flags[stream];
    }
    return 0;
}
