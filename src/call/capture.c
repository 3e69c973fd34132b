/*
 * capture.c - the captured output of one call, as the program sees it
 *
 * The program keeps no descriptor of it: it passes the pipes on, to the child and to the collector,
 * and maps the memory.
 */
#include "src/call/capture.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/call/captured.h"
#include "src/call/collector_link.h"
#include "src/call/ring.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct procspawn__capture {
    unsigned references;        /* atomic */
    bool merged;
    uint64_t id;
    size_t limit;
    size_t size;
    struct procspawn__captured *captured;
};

/* ---- opening ---- */

/* A file beyond RLIMIT_FSIZE would raise SIGXFSZ: then less is kept. */
static size_t within_file_limit(size_t limit, size_t streams)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_FSIZE, &files) < 0 ||
        files.rlim_cur >= procspawn__captured_size(limit, streams))
        return limit;
    return files.rlim_cur > procspawn__captured_size(0, streams)
               ? ((size_t)files.rlim_cur - procspawn__captured_size(0, streams)) / streams
               : 0;
}

/* Makes and maps the memory. Returns a descriptor of it, or -errno. */
static int open_memory(struct procspawn__capture *capture)
{
    void *bytes = NULL;
    int fd = wire__memfd_share(capture->size, &bytes);

    capture->captured = bytes;
    return fd;
}

static int open_pipe(int *ret_read, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int rc = base__ends_behind_stdio(ends);
    if (rc < 0)
        return rc;
    *ret_read = ends[0];
    *ret_write = base__fd_hold(ends[1]);
    return *ret_write < 0 ? *ret_write : 0;
}

static void close_all(const int fds[], int count)
{
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* Opens the pipes and sends their ends for reading, with the memory, to the collector. */
static int connect_streams(const struct procspawn__capture *capture, int memory, int ret_ends[2])
{
    const struct wire_capture head = { capture->id, capture->size, capture->limit };
    int fds[1 + PROCSPAWN__CAPTURED_STREAMS] = { memory, -1, -1 };
    int ends[PROCSPAWN__CAPTURED_STREAMS] = { -1, -1 };
    size_t count = capture->merged ? 1 : 2;
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = open_pipe(&fds[1 + i], &ends[i]);
    if (rc == 0)
        rc = procspawn__collector_send(WIRE_CAPTURE, &head, sizeof head, fds, 1 + count);
    close_all(fds + 1, PROCSPAWN__CAPTURED_STREAMS);
    if (rc < 0) {
        for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
            base__fd_close(ends[i]);
        return rc;
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = capture->merged ? ends[0] : ends[1];
    return 0;
}

static void release(struct procspawn__capture *capture)
{
    if (capture->captured)
        munmap(capture->captured, capture->size);
    free(capture);
}

int procspawn__capture_open(size_t limit, bool merged, int ret_ends[2],
                            struct procspawn__capture **ret_capture)
{
    static uint64_t last_id;
    struct procspawn__capture *capture;
    size_t streams = merged ? 1 : 2;

    if (limit > SIZE_MAX / 4)
        limit = SIZE_MAX / 4;
    limit = within_file_limit(limit, streams);
    if (limit == 0)
        return base__refuse(-EFBIG, "RLIMIT_FSIZE leaves no room for captured output");
    capture = malloc(sizeof *capture);
    if (!capture)
        return -ENOMEM;
    *capture = (struct procspawn__capture){
        .references = 1, .merged = merged, .limit = limit,
        .id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED),
        .size = procspawn__captured_size(limit, streams),
    };
    int memory = open_memory(capture);
    if (memory < 0)
        base__refuse(memory, "no memory to capture %zu bytes of output: %s", limit,
                     forkscope_strerror(memory));
    int rc = memory < 0 ? memory : connect_streams(capture, memory, ret_ends);
    if (memory >= 0)
        close(memory);
    if (rc < 0)
        release(capture);
    else
        *ret_capture = capture;
    return rc;
}

/* ---- the end ---- */

static bool has_ended(const struct procspawn__capture *capture)
{
    return __atomic_load_n(&capture->captured->ended, __ATOMIC_ACQUIRE) != 0;
}

static int ask(const struct procspawn__capture *capture)
{
    const struct wire_drain drain = { .id = capture->id };

    return procspawn__collector_send(WIRE_DRAIN, &drain, sizeof drain, NULL, 0);
}

void procspawn__capture_end(struct procspawn__capture *capture)
{
    if (capture)
        __atomic_store_n(&capture->captured->last, 1, __ATOMIC_RELEASE);
}

struct procspawn__capture *procspawn__capture_ref(struct procspawn__capture *capture)
{
    if (capture)
        __atomic_add_fetch(&capture->references, 1, __ATOMIC_RELAXED);
    return capture;
}

/* A process that has kept a pipe does not keep the collector's end of it. */
void procspawn__capture_drop(struct procspawn__capture *capture)
{
    if (!capture || __atomic_sub_fetch(&capture->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (__atomic_load_n(&capture->captured->last, __ATOMIC_ACQUIRE) && !has_ended(capture))
        ask(capture);
    release(capture);
}

void procspawn__capture_forget(struct procspawn__capture *capture)
{
    if (capture)
        release(capture);
}

/* ---- reading ---- */

static bool was_drained(const struct procspawn__capture *capture, uint32_t number)
{
    uint32_t drained = __atomic_load_n(&capture->captured->drained, __ATOMIC_ACQUIRE);

    return has_ended(capture) || (int32_t)(drained - number) >= 0;
}

/* The collector may have been killed, or stopped: then there is what there is. */
static void wait_until_drained(const struct procspawn__capture *capture, uint32_t number,
                               int64_t deadline)
{
    static const struct timespec pause = { .tv_nsec = BASE_SECOND / 20 };
    uint32_t *news = &capture->captured->news;

    while (base__now() < deadline && procspawn__collector_lives()) {
        uint32_t before = __atomic_load_n(news, __ATOMIC_ACQUIRE);
        if (was_drained(capture, number))
            return;
        syscall(SYS_futex, news, FUTEX_WAIT, before, &pause, NULL, 0);
    }
}

static void drain(const struct procspawn__capture *capture, int64_t deadline)
{
    if (has_ended(capture))
        return;
    uint32_t number = __atomic_add_fetch(&capture->captured->asked, 1, __ATOMIC_ACQ_REL);
    int rc = ask(capture);
    while (rc == -ENOBUFS && base__now() < deadline && procspawn__collector_lives()) {
        sched_yield();
        rc = ask(capture);
    }
    if (rc == 0)
        wait_until_drained(capture, number, deadline);
}

int procspawn__capture_read(struct procspawn__capture *capture, int stream, char **ret_text,
                            struct procspawn_output *ret_output)
{
    static struct procspawn__ring none;
    static const unsigned char empty[1];
    unsigned index = (unsigned)stream - 1;

    drain(capture, base__deadline(BASE_SECOND));
    struct procspawn__ring_view view =
        procspawn__captured_view(capture->captured, capture->limit, index);
    if (capture->merged && index > 0)
        view = (struct procspawn__ring_view){ &none, (unsigned char *)(uintptr_t)empty, 1 };
    return procspawn__ring_read(&view, ret_text, ret_output);
}

size_t procspawn__capture_last(struct procspawn__capture *capture, int64_t deadline,
                               char *ret_bytes, size_t room, uint64_t *ret_total)
{
    drain(capture, deadline);
    struct procspawn__ring_view view =
        procspawn__captured_view(capture->captured, capture->limit, capture->merged ? 0 : 1);
    return procspawn__ring_last(&view, ret_bytes, room, ret_total);
}
