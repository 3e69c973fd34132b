/*
 * collector_process.c - the collector: reads what captured calls print
 *
 * It ends when the program has closed its socket and all calls have ended; and with its server.
 */
#include "src/call/collector_process.h"

#include "src/base/list.h"
#include "src/call/ring.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct capture;

struct stream {
    struct capture *capture;
    struct procspawn__ring_view view;
    int fd;                     /* -1: there is none, or it has ended */
};

/* A captured call. */
struct capture {
    struct list link;
    uint64_t id;
    struct procspawn__captured *captured;
    size_t size;
    struct stream streams[PROCSPAWN__CAPTURED_STREAMS];
};

struct collector {
    struct list captures;
    int epoll;
    bool listening;             /* the socket is in the epoll set */
    bool ended;                 /* the program has closed its socket */
};

struct procspawn__ring_view procspawn__captured_view(struct procspawn__captured *captured,
                                                     size_t limit, unsigned stream)
{
    return (struct procspawn__ring_view){
        .ring = &captured->rings[stream],
        .bytes = (unsigned char *)(captured + 1) + limit * stream,
        .limit = limit,
    };
}

static void tell(struct procspawn__captured *captured)
{
    __atomic_add_fetch(&captured->news, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &captured->news, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- the end of a call ---- */

static void close_stream(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void listen_to(struct collector *collector)
{
    struct epoll_event event = { .events = EPOLLIN };

    if (!collector->listening && !collector->ended)
        epoll_ctl(collector->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    collector->listening = true;
}

/* Descriptors are free again, so a message that had to wait for some is received now. */
static void end_capture(struct collector *collector, struct capture *capture)
{
    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        close_stream(&capture->streams[i]);
    __atomic_store_n(&capture->captured->ended, 1, __ATOMIC_RELEASE);
    tell(capture->captured);
    munmap(capture->captured, capture->size);
    list_remove(&capture->link);
    free(capture);
    listen_to(collector);
}

/* ---- output ---- */

/* Reads once. Returns the number of bytes; 0: there is nothing now, or the stream has ended. */
static size_t read_some(struct stream *stream)
{
    static unsigned char bytes[64 * 1024];
    ssize_t n = read(stream->fd, bytes, sizeof bytes);

    if (n > 0)
        procspawn__ring_put(&stream->view, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_stream(stream);
    return n > 0 ? (size_t)n : 0;
}

/* Reads what is in the pipe at this time: a writer that never stops adds more meanwhile. */
static void drain(struct stream *stream)
{
    int there = 0;
    size_t length = 1;

    if (stream->fd < 0 || ioctl(stream->fd, FIONREAD, &there) < 0)
        return;
    for (size_t left = (size_t)there; left > 0 && length > 0 && stream->fd >= 0;) {
        length = read_some(stream);
        left -= length < left ? length : left;
    }
}

static void end_if_over(struct collector *collector, struct capture *capture)
{
    if (capture->streams[0].fd < 0 && capture->streams[1].fd < 0)
        end_capture(collector, capture);
}

static void drain_all(struct collector *collector, struct capture *capture)
{
    struct procspawn__captured *captured = capture->captured;
    uint32_t asked = __atomic_load_n(&captured->asked, __ATOMIC_ACQUIRE);
    bool last = __atomic_load_n(&captured->last, __ATOMIC_ACQUIRE) != 0;

    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        drain(&capture->streams[i]);
    __atomic_store_n(&captured->drained, asked, __ATOMIC_RELEASE);
    tell(captured);
    if (last)
        end_capture(collector, capture);
    else
        end_if_over(collector, capture);
}

static void on_output(struct collector *collector, struct stream *stream)
{
    struct capture *capture = stream->capture;

    if (__atomic_load_n(&capture->captured->last, __ATOMIC_ACQUIRE)) {
        drain_all(collector, capture);
        return;
    }
    read_some(stream);
    end_if_over(collector, capture);
}

/* ---- messages ---- */

static int watch(struct collector *collector, struct stream *stream, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = stream };

    stream->fd = fd;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        epoll_ctl(collector->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    return 0;
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
        capture->streams[i].view = procspawn__captured_view(bytes, head->limit, i);
    }
    return 0;
}

/* Descriptors: the memory, then a pipe for each stream. */
static void add(struct collector *collector, struct wire_frame *frame)
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
        capture->streams[i].fd = -1;
        if (fd >= 0 && watch(collector, &capture->streams[i], fd) < 0)
            close_stream(&capture->streams[i]);
    }
    end_if_over(collector, capture);
}

static void drain_one(struct collector *collector, const struct wire_drain *head)
{
    for (struct list *l = collector->captures.next; l != &collector->captures; l = l->next) {
        struct capture *capture = list_entry(l, struct capture, link);
        if (capture->id == head->id) {
            drain_all(collector, capture);
            return;
        }
    }
}

static void act(struct collector *collector, struct wire_frame *frame)
{
    if (frame->header.type == WIRE_CAPTURE && frame->header.length == sizeof(struct wire_capture))
        add(collector, frame);
    else if (frame->header.type == WIRE_DRAIN && frame->header.length == sizeof(struct wire_drain))
        drain_one(collector, frame->body);
    wire__close_fds(frame);
}

/* Without free descriptors the message stays where it is, and the socket is not listened to. */
static void on_message(struct collector *collector)
{
    union {
        struct wire_capture capture;
        struct wire_drain drain;
    } body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true };
    int rc = wire__recv(STDIN_FILENO, &frame, true);

    if (rc == 0) {
        act(collector, &frame);
    } else if (rc != -EAGAIN && rc != -EPROTO) {
        epoll_ctl(collector->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
        collector->listening = false;
        collector->ended = rc == -EPIPE;
    }
}

/* ---- the loop ---- */

/* One event at a time: what it does may end the call that the next one is about. */
static void turn(struct collector *collector)
{
    enum { LONGEST = 1000 };    /* milliseconds: then a socket that waits is listened to again */
    struct epoll_event event;
    int count = epoll_wait(collector->epoll, &event, 1, LONGEST);

    if (count == 0)
        listen_to(collector);
    else if (count > 0 && event.data.ptr)
        on_output(collector, event.data.ptr);
    else if (count > 0)
        on_message(collector);
}

/* The limits of the program's soft limits are not meant for this process. */
static void lift_limits(void)
{
    static const int resources[] = { RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU };

    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)resources[i], &limit) < 0)
            continue;
        limit.rlim_cur = limit.rlim_max;
        setrlimit((__rlimit_resource_t)resources[i], &limit);
    }
}

json_t *procspawn__collector_run(json_t *unused)
{
    struct collector collector = { .epoll = epoll_create1(EPOLL_CLOEXEC) };

    (void)unused;
    /* A child with the same user id cannot read the output of others here. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "forkscope-out");
    lift_limits();
    list_init(&collector.captures);
    listen_to(&collector);
    while (collector.epoll >= 0 && !(collector.ended && list_empty(&collector.captures)))
        turn(&collector);
    return json_null();
}
