/*
 * collector_process.c - the collector: reads what captured calls print
 *
 * It ends when the program has closed its socket and all calls have ended; and with its server.
 */
#include "src/call/collector_process.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/base/soft_limits.h"
#include "src/base/thread.h"
#include "src/call/collector_capture.h"
#include "src/call/collector_state.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- messages ---- */

/* One that waits for a page looks at what was asked itself. */
static void drain_one(const struct reader *reader, const struct wire_drain *head)
{
    struct list *captures = &reader->collector->captures;

    for (struct list *l = captures->next; l != captures; l = l->next) {
        struct capture *capture = list_entry(l, struct capture, link);
        if (capture->id != head->id)
            continue;
        if (!capture->served)
            procspawn__capture_serve(reader, capture, NULL);
        return;
    }
}

static void act(const struct reader *reader, struct wire_frame *frame)
{
    if (frame->header.type == WIRE_CAPTURE && frame->header.length == sizeof(struct wire_capture))
        procspawn__capture_add(reader->collector, frame);
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

/*
 * The message about the end of a call gets lost when the socket is full, and a process that has
 * kept the pipe may never write. A socket that waits is listened to again.
 */
static void look_around(const struct reader *reader)
{
    struct collector *collector = reader->collector;
    struct capture *capture;

    collector->look_at = base__deadline(BASE_SECOND);
    procspawn__collector_listen(collector);
    while (procspawn__reader_is_current(reader) &&
           (capture = procspawn__capture_find_ended(collector)) != NULL)
        procspawn__capture_serve(reader, capture, NULL);
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
    procspawn__reader_leave(reader);
    int count = epoll_wait(collector->epoll, &event, 1, timeout);
    procspawn__reader_enter(reader);
    struct stream *stream = count > 0 ? event.data.ptr : NULL;
    if (stream)
        procspawn__capture_serve(reader, stream->capture, stream);
    else if (count > 0)
        on_message(reader);
    if (procspawn__reader_is_current(reader) && base__now() >= collector->look_at)
        look_around(reader);
}

static bool is_done(const struct collector *collector)
{
    return collector->ended && list_empty(&collector->captures);
}

static void read_until_replaced(const struct reader *reader)
{
    while (procspawn__reader_is_current(reader) && !is_done(reader->collector))
        turn(reader);
}

static void *run(void *argument)
{
    struct reader reader = *(struct reader *)argument;

    free(argument);
    procspawn__reader_enter(&reader);
    read_until_replaced(&reader);
    pthread_cond_signal(&reader.collector->changed);
    procspawn__reader_leave(&reader);
    return NULL;
}

/* The lock is held. False: out of memory or threads. */
static bool start_reader(struct collector *collector)
{
    struct reader *reader = malloc(sizeof *reader);

    if (!reader)
        return false;
    *reader = (struct reader){ collector, collector->reader + 1 };
    if (base__thread_start_helper(run, reader) < 0) {
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

    if (capture && base__now() >= collector->since + moment && start_reader(collector))
        procspawn__capture_unwatch(collector, capture);
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

json_t *procspawn__collector_run(json_t *unused)
{
    static struct collector collector = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                          .changed = PTHREAD_COND_INITIALIZER };

    (void)unused;
    /* A child with the same user id cannot read the output of others here. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "forkscope-out");
    base__soft_limits_lift();
    list_init(&collector.captures);
    collector.epoll = epoll_create1(EPOLL_CLOEXEC);
    collector.look_at = base__deadline(BASE_SECOND);
    pthread_mutex_lock(&collector.lock);
    procspawn__collector_listen(&collector);
    if (collector.epoll >= 0)
        read_all(&collector);
    pthread_mutex_unlock(&collector.lock);
    return json_null();
}
