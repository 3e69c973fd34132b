/*
 * capture.c - captures what one call writes to stdout and stderr
 *
 * The worker writes into a pipe; the pool moves the bytes into a memfd up to the configured limit,
 * and drops the rest. So the worker does not wait for the program to read, the memory of a call is
 * bounded, and a reader of the memfd never waits for a process that has kept the pipe open.
 */
#include "src/pool/capture.h"

#include "src/base/fd.h"
#include "src/call/request.h"
#include "src/pool/state.h"
#include "src/wire/call.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

static const uint32_t flags[PROCSPAWN__STREAMS] = {
    [STDOUT_FILENO] = WIRE_CALL_FD_STDOUT, [STDERR_FILENO] = WIRE_CALL_FD_STDERR,
};

/* ---- the memory, for the whole life of the call ---- */

static int open_memory(struct procspawn__capture *capture, int *ret_pipe)
{
    int memfd = memfd_create("forkscope", MFD_CLOEXEC);
    int fd = memfd < 0 ? -errno : base__fd_hold(memfd);

    if (fd < 0)
        return fd;
    *ret_pipe = fd;
    /* The pool writes with pwrite(2): the file position is for the reader alone. */
    int copy = base__fd_copy(fd);
    if (copy < 0)
        return copy;
    capture->memory = copy;
    return 0;
}

void procspawn__captures_init(struct procspawn__captures *captures)
{
    for (int stream = 0; stream < PROCSPAWN__STREAMS; stream++)
        captures->stream[stream] =
            (struct procspawn__capture){ .ends = { -1, -1 }, .memory = -1 };
}

int procspawn__captures_open(struct procspawn__captures *captures,
                             const struct procspawn__pool_config *config,
                             struct procspawn__request *request, int pipes[3])
{
    int rc = 0;

    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO && rc == 0; stream++) {
        if (!config->capture[stream])
            continue;
        rc = open_memory(&captures->stream[stream], &pipes[stream]);
        if (rc == 0)
            request->call.flags |= flags[stream];
    }
    return rc;
}

/* ---- the pipes, while a worker runs the call ---- */

static int open_pipe(struct procspawn__capture *capture, int epoll, uint64_t key,
                     struct procspawn__request *request, int stream)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = key };
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int rc = base__ends_behind_stdio(ends);
    if (rc < 0)
        return rc;
    capture->ends[0] = base__fd_hold(ends[0]);
    capture->ends[1] = base__fd_hold(ends[1]);
    if (capture->ends[0] < 0 || capture->ends[1] < 0)
        return -EMFILE;
    request->stdio[stream] = capture->ends[1];
    if (fcntl(capture->ends[0], F_SETFL, O_NONBLOCK) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, capture->ends[0], &event) < 0)
        return -errno;
    return 0;
}

int procspawn__captures_start(struct procspawn__captures *captures, const procspawn_pool *pool,
                              uint64_t serial, struct procspawn__request *request)
{
    int rc = 0;

    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO && rc == 0; stream++) {
        uint64_t key = serial * PROCSPAWN__STREAMS + (unsigned)stream;
        if (captures->stream[stream].memory >= 0)
            rc = open_pipe(&captures->stream[stream], pool->epoll, key, request, stream);
    }
    if (rc < 0)
        procspawn__captures_stop(captures, pool, request);
    return rc;
}

/*
 * The pool keeps the write end open until here. Otherwise a worker that closes its own would leave
 * a pipe at its end, which wakes the dispatcher again and again.
 */
void procspawn__captures_stop(struct procspawn__captures *captures, const procspawn_pool *pool,
                              struct procspawn__request *request)
{
    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
        struct procspawn__capture *capture = &captures->stream[stream];
        if (capture->ends[0] < 0 && capture->ends[1] < 0)
            continue;
        if (base__fd_is_ours(pool->epoll) && base__fd_is_ours(capture->ends[0]))
            epoll_ctl(pool->epoll, EPOLL_CTL_DEL, capture->ends[0], NULL);
        base__fd_close(capture->ends[0]);
        base__fd_close(capture->ends[1]);
        capture->ends[0] = capture->ends[1] = -1;
        if (request)
            request->stdio[stream] = -1;
    }
}

/* ---- from the pipe to the memory ---- */

/* A write beyond RLIMIT_FSIZE would raise SIGXFSZ. */
static uint64_t room_left(const struct procspawn__capture *capture, uint64_t limit)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_FSIZE, &files) == 0 && files.rlim_cur < limit)
        limit = files.rlim_cur;
    return limit > capture->length ? limit - capture->length : 0;
}

static void keep(struct procspawn__capture *capture, const char *bytes, size_t length,
                 uint64_t limit)
{
    uint64_t room = room_left(capture, limit);
    ssize_t written = pwrite(capture->memory, bytes, length < room ? length : (size_t)room,
                             (off_t)capture->length);

    if (written > 0)
        capture->length += (uint64_t)written;
}

/* Reads at most as much as a full pipe holds: the worker may write meanwhile. */
static void drain(struct procspawn__capture *capture, uint64_t limit)
{
    enum { PIECE = 4096, AT_ONCE = (1 << 20) / PIECE };
    char bytes[PIECE];
    ssize_t length = 1;

    if (!base__fd_is_ours(capture->ends[0]) || !base__fd_is_ours(capture->memory))
        return;
    for (int i = 0; i < AT_ONCE && length > 0; i++) {
        length = read(capture->ends[0], bytes, sizeof bytes);
        if (length > 0)
            keep(capture, bytes, (size_t)length, limit);
    }
}

bool procspawn__captures_run(const struct procspawn__captures *captures)
{
    return captures->stream[STDOUT_FILENO].ends[0] >= 0 ||
           captures->stream[STDERR_FILENO].ends[0] >= 0;
}

void procspawn__captures_drain(struct procspawn__captures *captures, uint64_t limit)
{
    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
        if (captures->stream[stream].ends[0] >= 0)
            drain(&captures->stream[stream], limit);
    }
}

void procspawn__captures_close(struct procspawn__captures *captures)
{
    for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
        struct procspawn__capture *capture = &captures->stream[stream];
        base__fd_close(capture->memory);
        capture->memory = -1;
    }
}
