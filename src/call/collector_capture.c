/*
 * collector_capture.c - a captured call in the collector: its pipes are drained into its memory
 */
#include "src/call/collector_capture.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/captured.h"
#include "src/call/collector_state.h"
#include "src/call/ring.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static void watch(struct collector *collector, struct stream *stream)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = stream };

    if (stream->fd >= 0)
        epoll_ctl(collector->epoll, EPOLL_CTL_ADD, stream->fd, &event);
}

/* A process that the program has forked may have the end too, so closing it is not enough. */
static void unwatch(struct collector *collector, struct stream *stream)
{
    if (stream->fd >= 0)
        epoll_ctl(collector->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
}

static void close_stream(const struct reader *reader, struct stream *stream)
{
    int fd = stream->fd;

    if (fd < 0)
        return;
    unwatch(reader->collector, stream);
    stream->fd = -1;
    procspawn__reader_leave(reader);
    close(fd);
    procspawn__reader_enter(reader);
}

/* Reads once. Returns the number of bytes; 0: there is nothing now, or the stream has ended. */
static size_t read_some(const struct reader *reader, struct stream *stream)
{
    unsigned char bytes[64 * 1024];

    procspawn__reader_leave(reader);
    ssize_t n = read(stream->fd, bytes, sizeof bytes);
    bool over = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (n > 0)
        procspawn__ring_put(&stream->view, bytes, (size_t)n);
    procspawn__reader_enter(reader);
    if (over)
        close_stream(reader, stream);
    return n > 0 ? (size_t)n : 0;
}

/* Where a filter refuses to tell: as many as a pipe holds at most. */
static size_t count_bytes(const struct reader *reader, const struct stream *stream)
{
    enum { MOST = 1 << 20 };
    int there = 0;

    procspawn__reader_leave(reader);
    int rc = ioctl(stream->fd, FIONREAD, &there);
    procspawn__reader_enter(reader);
    return rc == 0 ? (size_t)there : MOST;
}

/* Reads what is in the pipe at this time: a writer that never stops adds more meanwhile. */
static void drain(const struct reader *reader, struct stream *stream)
{
    size_t length = 1;
    size_t left = stream->fd >= 0 ? count_bytes(reader, stream) : 0;

    while (left > 0 && length > 0 && stream->fd >= 0) {
        length = read_some(reader, stream);
        left -= length < left ? length : left;
    }
}

static bool is_last(const struct capture *capture)
{
    return __atomic_load_n(&capture->captured->last, __ATOMIC_ACQUIRE) != 0;
}

static bool is_asked(const struct capture *capture)
{
    const struct procspawn__captured *captured = capture->captured;

    return is_last(capture) || __atomic_load_n(&captured->asked, __ATOMIC_ACQUIRE) !=
                                   __atomic_load_n(&captured->drained, __ATOMIC_RELAXED);
}

static bool is_over(const struct capture *capture)
{
    return capture->streams[0].fd < 0 && capture->streams[1].fd < 0;
}

void procspawn__collector_listen(struct collector *collector)
{
    struct epoll_event event = { .events = EPOLLIN };

    if (!collector->listening && !collector->ended)
        epoll_ctl(collector->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    collector->listening = true;
}

/* Descriptors are free again, so a message that had to wait for some is received now. */
static void end_capture(const struct reader *reader, struct capture *capture)
{
    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        close_stream(reader, &capture->streams[i]);
    __atomic_store_n(&capture->captured->ended, 1, __ATOMIC_RELEASE);
    procspawn__captured_tell(capture->captured);
    munmap(capture->captured, capture->size);
    list_remove(&capture->link);
    free(capture);
    procspawn__collector_listen(reader->collector);
}

/* True: it was the last time. */
static bool drain_all(const struct reader *reader, struct capture *capture)
{
    struct procspawn__captured *captured = capture->captured;
    uint32_t asked = __atomic_load_n(&captured->asked, __ATOMIC_ACQUIRE);
    bool last = is_last(capture);

    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        drain(reader, &capture->streams[i]);
    __atomic_store_n(&captured->drained, asked, __ATOMIC_RELEASE);
    procspawn__captured_tell(captured);
    return last;
}

/* Another reader was not told what was asked meanwhile, and does not watch the streams. */
static bool catch_up(const struct reader *reader, struct capture *capture)
{
    while (is_asked(capture)) {
        if (drain_all(reader, capture))
            return true;
    }
    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        watch(reader->collector, &capture->streams[i]);
    return false;
}

/* stream: the one that has output; NULL: all are to be read. */
void procspawn__capture_serve(const struct reader *reader, struct capture *capture,
                              struct stream *stream)
{
    struct collector *collector = reader->collector;
    bool last = false;

    collector->serving = capture;
    collector->since = base__now();
    capture->served = true;
    if (stream && !is_last(capture))
        read_some(reader, stream);
    else
        last = drain_all(reader, capture);
    if (!last && !procspawn__reader_is_current(reader))
        last = catch_up(reader, capture);
    if (last || is_over(capture))
        end_capture(reader, capture);
    else
        capture->served = false;
    if (procspawn__reader_is_current(reader))
        collector->serving = NULL;
}

struct capture *procspawn__capture_find_ended(const struct collector *collector)
{
    for (struct list *l = collector->captures.next; l != &collector->captures; l = l->next) {
        struct capture *capture = list_entry(l, struct capture, link);
        if (!capture->served && is_last(capture))
            return capture;
    }
    return NULL;
}

static int map(struct capture *capture, const struct wire_capture *head, int memory)
{
    void *bytes = mmap(NULL, head->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    capture->captured = bytes;
    capture->size = head->size;
    for (unsigned i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++) {
        capture->streams[i].capture = capture;
        capture->streams[i].fd = -1;
        capture->streams[i].view = procspawn__captured_view(bytes, head->limit, i);
    }
    return 0;
}

/* Descriptors: the memory, then a pipe for each stream. */
void procspawn__capture_add(struct collector *collector, struct wire_frame *frame)
{
    const struct wire_capture *head = frame->body;
    struct capture *capture = calloc(1, sizeof *capture);
    int memory = wire__take_fd(frame, 0);
    int rc = capture ? map(capture, head, memory) : -ENOMEM;

    close(memory);
    if (rc < 0) {
        free(capture);
        return;
    }
    capture->id = head->id;
    list_append(&collector->captures, &capture->link);
    for (unsigned i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++) {
        int fd = wire__take_fd(frame, i + 1);
        if (fd < 0)
            continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        capture->streams[i].fd = fd;
        watch(collector, &capture->streams[i]);
    }
    pthread_cond_signal(&collector->changed);
}

void procspawn__capture_unwatch(struct collector *collector, struct capture *capture)
{
    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        unwatch(collector, &capture->streams[i]);
}
