/*
 * collector_process.c - the collector: reads what captured calls print
 *
 * It ends when the program has closed its socket and all calls have ended; and with its server.
 *
 * A process that writes into a pipe holds the pipe's lock in the kernel while its memory is read. A
 * page that it never provides (userfaultfd, FUSE) keeps the lock held; then read(2), ioctl(2) and
 * close(2) of the other end wait, and cannot be interrupted. So these are done by a thread, the reader, without the lock of the collector. When
 * one of them takes longer than a moment, another reader goes on with the other calls, and the one
 * that waits has that call for itself.
 */
#include "src/call/collector_process.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/base/thread.h"
#include "src/call/ring.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
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
    bool served;                /* a reader works on it */
    struct procspawn__captured *captured;
    size_t size;
    struct stream streams[PROCSPAWN__CAPTURED_STREAMS];
};

struct collector {
    pthread_mutex_t lock;       /* guards the rest, and the captures */
    pthread_cond_t changed;
    struct list captures;
    int epoll;
    bool listening;             /* the socket is in the epoll set */
    bool ended;                 /* the program has closed its socket */
    int64_t look_at;            /* when calls that have ended are looked for */
    unsigned reader;            /* number of the reader that waits for events */
    struct capture *serving;    /* what it works on, NULL: nothing; */
    int64_t since;              /* and since when */
};

struct reader {
    struct collector *collector;
    unsigned number;
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

/* ---- what may block ---- */

/* Does the reader wait for events? Another one does when it has been replaced. */
static bool is_current(const struct reader *reader)
{
    return reader->collector->reader == reader->number;
}

static void enter(const struct reader *reader)
{
    pthread_mutex_lock(&reader->collector->lock);
}

static void leave(const struct reader *reader)
{
    pthread_mutex_unlock(&reader->collector->lock);
}

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
    leave(reader);
    close(fd);
    enter(reader);
}

/* Reads once. Returns the number of bytes; 0: there is nothing now, or the stream has ended. */
static size_t read_some(const struct reader *reader, struct stream *stream)
{
    unsigned char bytes[64 * 1024];

    leave(reader);
    ssize_t n = read(stream->fd, bytes, sizeof bytes);
    bool over = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (n > 0)
        procspawn__ring_put(&stream->view, bytes, (size_t)n);
    enter(reader);
    if (over)
        close_stream(reader, stream);
    return n > 0 ? (size_t)n : 0;
}

/* Where a filter refuses to tell: as many as a pipe holds at most. */
static size_t count_bytes(const struct reader *reader, const struct stream *stream)
{
    enum { MOST = 1 << 20 };
    int there = 0;

    leave(reader);
    int rc = ioctl(stream->fd, FIONREAD, &there);
    enter(reader);
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

/* ---- a call ---- */

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

static void listen_to(struct collector *collector)
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
    tell(capture->captured);
    munmap(capture->captured, capture->size);
    list_remove(&capture->link);
    free(capture);
    listen_to(reader->collector);
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
    tell(captured);
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
static void serve(const struct reader *reader, struct capture *capture, struct stream *stream)
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
    if (!last && !is_current(reader))
        last = catch_up(reader, capture);
    if (last || is_over(capture))
        end_capture(reader, capture);
    else
        capture->served = false;
    if (is_current(reader))
        collector->serving = NULL;
}

/* ---- messages ---- */

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
        if (fd < 0)
            continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        capture->streams[i].fd = fd;
        watch(collector, &capture->streams[i]);
    }
    pthread_cond_signal(&collector->changed);
}

/* One that waits for a page looks at what was asked itself. */
static void drain_one(const struct reader *reader, const struct wire_drain *head)
{
    struct list *captures = &reader->collector->captures;

    for (struct list *l = captures->next; l != captures; l = l->next) {
        struct capture *capture = list_entry(l, struct capture, link);
        if (capture->id != head->id)
            continue;
        if (!capture->served)
            serve(reader, capture, NULL);
        return;
    }
}

static void act(const struct reader *reader, struct wire_frame *frame)
{
    if (frame->header.type == WIRE_CAPTURE && frame->header.length == sizeof(struct wire_capture))
        add(reader->collector, frame);
    else if (frame->header.type == WIRE_DRAIN && frame->header.length == sizeof(struct wire_drain))
        drain_one(reader, frame->body);
    wire__close_fds(frame);
}

/* Without free descriptors the message stays where it is, and the socket is not listened to. */
static void on_message(const struct reader *reader)
{
    struct collector *collector = reader->collector;
    union {
        struct wire_capture capture;
        struct wire_drain drain;
    } body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true };
    int rc = wire__recv(STDIN_FILENO, &frame, true);

    if (rc == 0) {
        act(reader, &frame);
    } else if (rc != -EAGAIN && rc != -EPROTO) {
        epoll_ctl(collector->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
        collector->listening = false;
        collector->ended = rc == -EPIPE;
    }
}

/* ---- the readers ---- */

static struct capture *find_ended(const struct collector *collector)
{
    for (struct list *l = collector->captures.next; l != &collector->captures; l = l->next) {
        struct capture *capture = list_entry(l, struct capture, link);
        if (!capture->served && is_last(capture))
            return capture;
    }
    return NULL;
}

/*
 * The message about the end of a call gets lost when the socket is full, and a process that has
 * kept the pipe may never write. A socket that waits is listened to again.
 */
static void look_around(const struct reader *reader)
{
    struct collector *collector = reader->collector;
    struct capture *capture;

    collector->look_at = base__deadline(BASE_SECOND);
    listen_to(collector);
    while (is_current(reader) && (capture = find_ended(collector)) != NULL)
        serve(reader, capture, NULL);
}

/* Without calls there is nothing to look for. */
static int wait_time(const struct collector *collector)
{
    return list_empty(&collector->captures) && collector->listening
               ? -1 : base__poll_timeout(collector->look_at);
}

/* One event at a time: what it does may end the call that the next one is about. */
static void turn(const struct reader *reader)
{
    struct collector *collector = reader->collector;
    struct epoll_event event;

    int timeout = wait_time(collector);
    leave(reader);
    int count = epoll_wait(collector->epoll, &event, 1, timeout);
    enter(reader);
    struct stream *stream = count > 0 ? event.data.ptr : NULL;
    if (stream)
        serve(reader, stream->capture, stream);
    else if (count > 0)
        on_message(reader);
    if (is_current(reader) && base__now() >= collector->look_at)
        look_around(reader);
}

static bool is_done(const struct collector *collector)
{
    return collector->ended && list_empty(&collector->captures);
}

static void read_until_replaced(const struct reader *reader)
{
    while (is_current(reader) && !is_done(reader->collector))
        turn(reader);
}

static void *run(void *argument)
{
    struct reader reader = *(struct reader *)argument;

    free(argument);
    enter(&reader);
    read_until_replaced(&reader);
    pthread_cond_signal(&reader.collector->changed);
    leave(&reader);
    return NULL;
}

/* Thread-local storage lies on the stack; if it does not fit, the default size is taken. */
static int start_thread(struct reader *reader)
{
    enum { STACK = 256 * 1024 };
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    int rc = base__thread_start(&thread, &attributes, run, reader);
    pthread_attr_destroy(&attributes);
    if (rc == -EINVAL)
        rc = base__thread_start(&thread, NULL, run, reader);
    return rc < 0 ? rc : -pthread_detach(thread);
}

/* The lock is held. False: out of memory or threads. */
static bool start_reader(struct collector *collector)
{
    struct reader *reader = malloc(sizeof *reader);

    if (!reader)
        return false;
    *reader = (struct reader){ collector, collector->reader + 1 };
    if (start_thread(reader) < 0) {
        free(reader);
        return false;
    }
    collector->reader++;
    collector->serving = NULL;
    return true;
}

static const int64_t moment = BASE_SECOND / 20;

/* The streams of a call whose reader waits are its own from now on. */
static void replace_reader(struct collector *collector)
{
    struct capture *capture = collector->serving;

    if (!capture || base__now() < collector->since + moment || !start_reader(collector))
        return;
    for (int i = 0; i < PROCSPAWN__CAPTURED_STREAMS; i++)
        unwatch(collector, &capture->streams[i]);
}

static void wait_for_change(struct collector *collector)
{
    int64_t when = base__now() + moment;
    struct timespec until = { when / BASE_SECOND, when % BASE_SECOND };

    if (list_empty(&collector->captures))
        pthread_cond_wait(&collector->changed, &collector->lock);
    else
        pthread_cond_clockwait(&collector->changed, &collector->lock, CLOCK_MONOTONIC, &until);
}

/* Without a second thread this one reads. */
static void read_all(struct collector *collector)
{
    const struct reader alone = { collector, 0 };

    if (!start_reader(collector))
        read_until_replaced(&alone);
    while (!is_done(collector)) {
        wait_for_change(collector);
        replace_reader(collector);
    }
}

/* ---- the process ---- */

/* The soft limits of the program are not meant for this process. */
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
    static struct collector collector = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                          .changed = PTHREAD_COND_INITIALIZER };

    (void)unused;
    /* A child with the same user id cannot read the output of others here. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "forkscope-out");
    lift_limits();
    list_init(&collector.captures);
    collector.epoll = epoll_create1(EPOLL_CLOEXEC);
    collector.look_at = base__deadline(BASE_SECOND);
    pthread_mutex_lock(&collector.lock);
    listen_to(&collector);
    if (collector.epoll >= 0)
        read_all(&collector);
    pthread_mutex_unlock(&collector.lock);
    return json_null();
}
