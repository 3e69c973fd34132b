/*
 * stdio.c - the standard streams of a child: the caller's side
 */
#include "src/call/stdio.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/call/builder.h"
#include "src/call/capture.h"
#include "src/call/collector.h"
#include "src/call/handle.h"
#include "src/call/request.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/procspawn.h>
#include <poll.h>
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
    request->pipes[stream] = base__fd_hold(ends[!child_end]);
    request->stdio[stream] = base__fd_hold(ends[child_end]);
    request->owned[stream] = true;
    rc = request->pipes[stream];
    return rc < 0 || request->stdio[stream] >= 0 ? rc : request->stdio[stream];
}

static const char *const names[3] = { "stdin", "stdout", "stderr" };

static int refuse_stream(int rc, int stream, int fd, const char *reason)
{
    return base__refuse(rc, "%s: descriptor %d %s", names[stream], fd, reason);
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
            return refuse_stream(-EBADF, stream, chosen->fd, "was closed meanwhile");
        if (fcntl(chosen->fd, F_GETFD) < 0)
            return refuse_stream(-errno, stream, chosen->fd, "is not open");
        return 0;
    case PROCSPAWN_STDIO_INHERIT:
        if (fcntl(stream, F_GETFD) >= 0)
            request->stdio[stream] = stream;
        return 0;
    }
    return base__refuse(-EINVAL, "%s: there is no mode %d", names[stream], (int)chosen->mode);
}

/* ---- input and captured output of one call ---- */

int procspawn__streams_input(struct procspawn__request *request, const void *bytes, size_t size)
{
    struct wire_part part = { bytes, size };
    int fd = base__fd_hold(wire__memfd_new(&part, 1));

    if (fd < 0)
        return fd;
    if (lseek(fd, 0, SEEK_SET) < 0) {
        base__fd_close(fd);
        return -EIO;
    }
    request->stdio[STDIN_FILENO] = fd;
    request->owned[STDIN_FILENO] = true;
    request->call.flags |= WIRE_CALL_FD_STDIN;
    return 0;
}

int procspawn__streams_capture(struct procspawn__request *request, size_t limit, bool merged)
{
    int ends[2];
    int rc = procspawn__capture_open(limit, merged, ends, &request->capture);

    if (rc < 0)
        return rc;
    request->stdio[STDOUT_FILENO] = ends[0];
    request->stdio[STDERR_FILENO] = ends[1];
    request->owned[STDOUT_FILENO] = true;
    request->owned[STDERR_FILENO] = !merged;
    request->call.flags |= WIRE_CALL_FD_STDOUT | WIRE_CALL_FD_STDERR | WIRE_CALL_LINES;
    return 0;
}

struct procspawn__capture *procspawn__streams_captured(struct procspawn__request *request)
{
    struct procspawn__capture *capture = request->capture;

    if (!capture)
        return NULL;
    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
        if (request->owned[stream])
            base__fd_close(request->stdio[stream]);
        request->owned[stream] = false;
        request->stdio[stream] = -1;
    }
    request->capture = NULL;
    return capture;
}

void procspawn__streams_give(struct procspawn__request *request, procspawn_handle *handle)
{
    for (int i = 0; i < 3; i++) {
        handle->pipes[i] = request->pipes[i];
        request->pipes[i] = -1;
    }
    handle->capture = procspawn__streams_captured(request);
    handle->captured = handle->capture != NULL;
    handle->piped = handle->pipes[STDERR_FILENO] >= 0;
}

/* Waits while the collector starts, or has much to read. */
static int capture_in_time(struct procspawn__request *request, size_t limit, bool merged)
{
    static const int64_t patience = 10 * BASE_SECOND;
    int64_t deadline = base__deadline(patience);
    int rc;

    for (;;) {
        rc = procspawn__collector_start(deadline);
        if (rc == 0)
            rc = procspawn__streams_capture(request, limit, merged);
        if (rc != -ENOBUFS || base__now() >= deadline)
            return rc;
        poll(NULL, 0, 1);
    }
}

/* ---- all of a process ---- */

static bool is_captured(const procspawn_builder *builder, int stream)
{
    return builder && builder->capture_limit > 0 && stream != STDIN_FILENO;
}

/* A stream for which no descriptor is sent is /dev/null in the child. */
int procspawn__streams_open_lasting(struct procspawn__request *request,
                                    const procspawn_builder *builder)
{
    static const struct procspawn__stream inherit = { PROCSPAWN_STDIO_INHERIT, -1 };
    bool is_snapshot = builder && builder->environment; /* a snapshot, which owns its descriptors */

    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (is_captured(builder, stream) || (builder && builder->input && stream == STDIN_FILENO))
            continue;
        int rc = open_stream(request, stream, builder ? &builder->stdio[stream] : &inherit,
                             is_snapshot);
        if (rc < 0)
            return rc;
        if (request->stdio[stream] >= 0)
            request->call.flags |= flags[stream];
    }
    return 0;
}

int procspawn__streams_open(struct procspawn__request *request, const procspawn_builder *builder)
{
    int rc = procspawn__streams_open_lasting(request, builder);

    if (rc == 0 && builder && builder->input)
        rc = procspawn__streams_input(request, builder->input, builder->input_size);
    if (rc == 0 && builder && builder->capture_limit > 0)
        rc = capture_in_time(request, builder->capture_limit, builder->capture_merged);
    return rc;
}
