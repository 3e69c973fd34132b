/*
 * learner.c - the process that answers the system calls of functions that are learned
 *
 * Each listener has a thread: to read what a call points to can take as long as the memory of its
 * process does (userfaultfd, FUSE). When a thread takes longer than a moment over one call, another
 * one goes on with the listener, until it has as many as it may have. So a function can only make
 * itself wait.
 */
#include "src/learn/learner.h"

#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/soft_limits.h"
#include "src/base/thread.h"
#include "src/learn/attempt.h"
#include "src/learn/record.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LISTENERS = 256, THREADS_EACH = 4 };

static const int64_t moment = BASE_SECOND / 20;

struct listener {
    int fd;
    unsigned threads;           /* 0: this place is free */
    unsigned front;             /* number of the thread that waits for the next call */
    int64_t since;              /* when that took a call; 0: it has none */
};

static struct {
    pthread_mutex_t lock;       /* guards the rest, and what is learned */
    struct procspawn__learned *learned;
    struct listener listeners[LISTENERS];
    unsigned living;            /* listeners */
    bool ended;                 /* no listener can come any more */
    struct seccomp_notif_sizes sizes;
} learner = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct answerer {
    struct listener *listener;
    unsigned number;
    struct seccomp_notif *call;
    struct seccomp_notif_resp *answer;
};

static void enter(void)
{
    pthread_mutex_lock(&learner.lock);
}

static void leave(void)
{
    pthread_mutex_unlock(&learner.lock);
}

/* ---- one call ---- */

static bool is_waiting(const struct answerer *answerer)
{
    return ioctl(answerer->listener->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &answerer->call->id) == 0;
}

/*
 * Returns the errno value of the answer; 0: the call goes on. If the process has gone meanwhile,
 * what was read may be another one's.
 */
static int learn(const struct answerer *answerer)
{
    const struct seccomp_data *data = &answerer->call->data;
    struct learn_attempt attempt = { .thread = (pid_t)answerer->call->pid, .number = data->nr };
    struct procspawn__learned_call calls[LEARN_ATTEMPT_CALLS];
    unsigned count;

    for (int i = 0; i < SANDBOX_ARGUMENTS; i++)
        attempt.argument[i] = data->args[i];
    int answer = learn__attempt(&attempt, calls, &count);
    if (!is_waiting(answerer))
        return 0;
    enter();
    for (unsigned i = 0; i < count; i++)
        learn__note(learner.learned, &calls[i], attempt.thread);
    leave();
    return learn__attempt_is_aimed_here(&attempt) ? EPERM : answer;
}

/* Kernels before 5.5 know no CONTINUE: there the system call fails. */
static void answer(const struct answerer *answerer, int error)
{
    memset(answerer->answer, 0, learner.sizes.seccomp_notif_resp);
    answerer->answer->id = answerer->call->id;
    answerer->answer->error = -error;
    if (error == 0)
        answerer->answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    int rc = ioctl(answerer->listener->fd, SECCOMP_IOCTL_NOTIF_SEND, answerer->answer);
    if (rc < 0 && errno == EINVAL && error == 0)
        answer(answerer, ENOSYS);
}

/* A call that was interrupted before it is received is made again. */
static void serve(const struct answerer *answerer)
{
    memset(answerer->call, 0, learner.sizes.seccomp_notif);
    if (ioctl(answerer->listener->fd, SECCOMP_IOCTL_NOTIF_RECV, answerer->call) == 0)
        answer(answerer, learn(answerer));
}

/* ---- the threads of a listener ---- */

/* Marks that the thread has a call, or has none. False: another thread has taken its place. */
static bool mark(const struct answerer *answerer, int64_t since)
{
    enter();
    bool current = answerer->listener->front == answerer->number;
    if (current)
        answerer->listener->since = since;
    leave();
    return current;
}

/* False: all processes of the filter have ended. */
static bool await_call(const struct answerer *answerer)
{
    struct pollfd fd = { .fd = answerer->listener->fd, .events = POLLIN };

    while (poll(&fd, 1, -1) < 0 && errno == EINTR)
        continue;
    return fd.revents & POLLIN;
}

static void serve_until_replaced(const struct answerer *answerer)
{
    while (await_call(answerer)) {
        mark(answerer, base__now());
        serve(answerer);
        if (!mark(answerer, 0))
            return;
    }
}

static void free_answerer(struct answerer *answerer)
{
    free(answerer->call);
    free(answerer->answer);
    free(answerer);
}

/* The last thread frees the place. */
static void *run_answerer(void *argument)
{
    struct answerer *answerer = argument;
    struct listener *listener = answerer->listener;

    serve_until_replaced(answerer);
    free_answerer(answerer);
    enter();
    listener->threads--;
    if (listener->threads == 0) {
        close(listener->fd);
        learner.living--;
    }
    leave();
    return NULL;
}

static struct answerer *new_answerer(struct listener *listener)
{
    struct answerer *answerer = calloc(1, sizeof *answerer);

    if (!answerer)
        return NULL;
    answerer->listener = listener;
    answerer->number = listener->front + 1;
    answerer->call = malloc(learner.sizes.seccomp_notif);
    answerer->answer = malloc(learner.sizes.seccomp_notif_resp);
    if (answerer->call && answerer->answer)
        return answerer;
    free_answerer(answerer);
    return NULL;
}

/* With the lock held. False: out of memory or threads. */
static bool start_answerer(struct listener *listener)
{
    struct answerer *answerer = new_answerer(listener);

    if (!answerer)
        return false;
    if (base__thread_start_helper(run_answerer, answerer) < 0) {
        free_answerer(answerer);
        return false;
    }
    listener->front++;
    listener->threads++;
    listener->since = 0;
    return true;
}

static bool is_stuck(const struct listener *listener)
{
    return listener->threads > 0 && listener->threads < THREADS_EACH && listener->since != 0 &&
           base__now() >= listener->since + moment;
}

static void replace_stuck(void)
{
    enter();
    for (int i = 0; i < LISTENERS; i++) {
        if (is_stuck(&learner.listeners[i]))
            start_answerer(&learner.listeners[i]);
    }
    leave();
}

/* ---- messages ---- */

/* A child may send anything. Only a listener knows this question, and no call of that number. */
static bool is_listener(int fd)
{
    uint64_t none = 0;
    char name[64] = "";
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, name, sizeof name - 1) > 0 && !strstr(name, "seccomp"))
        return false;
    return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) < 0 && errno == ENOENT;
}

static struct listener *find_place(void)
{
    for (int i = 0; i < LISTENERS; i++) {
        if (learner.listeners[i].threads == 0)
            return &learner.listeners[i];
    }
    return NULL;
}

/* Without a thread for it the listener is closed, and its process is told ENOSYS. */
static void add_listener(int fd)
{
    enter();
    struct listener *listener = find_place();
    if (listener) {
        *listener = (struct listener){ .fd = fd };
        if (start_answerer(listener))
            learner.living++;
        else
            listener = NULL;
    }
    leave();
    if (!listener)
        base__close_foreign(fd);
}

static void on_message(struct wire_frame *frame)
{
    int fd = frame->header.type == WIRE_LISTENER ? wire__take_fd(frame, 0) : -1;

    if (fd >= 0 && is_listener(fd))
        add_listener(fd);
    else
        base__close_foreign(fd);
    wire__close_fds(frame);
}

/* Without free descriptors the message stays where it is. */
static void receive(void)
{
    uint64_t body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body };
    int rc = wire__recv(STDIN_FILENO, &frame, true);

    if (rc == 0)
        on_message(&frame);
    else if (rc == -EPIPE)
        learner.ended = true;
    else if (rc != -EAGAIN && rc != -EPROTO)
        poll(NULL, 0, 1);
}

/* ---- the process ---- */

/* The first message is the program's: it holds the other end alone until then. */
static bool take_memory(void)
{
    uint64_t body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true };
    int fd = -1;

    if (wire__recv(STDIN_FILENO, &frame, false) == 0 && frame.header.type == WIRE_LEARN)
        fd = wire__take_fd(&frame, 0);
    void *memory = mmap(NULL, sizeof *learner.learned, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    learner.learned = memory == MAP_FAILED ? NULL : memory;
    return learner.learned != NULL;
}

static bool know_sizes(void)
{
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &learner.sizes) < 0)
        return false;
    if (learner.sizes.seccomp_notif < sizeof(struct seccomp_notif))
        learner.sizes.seccomp_notif = sizeof(struct seccomp_notif);
    if (learner.sizes.seccomp_notif_resp < sizeof(struct seccomp_notif_resp))
        learner.sizes.seccomp_notif_resp = sizeof(struct seccomp_notif_resp);
    return true;
}

static bool lives(void)
{
    enter();
    bool living = learner.living > 0;
    leave();
    return living;
}

static void serve_all(void)
{
    for (;;) {
        struct pollfd socket = { .fd = learner.ended ? -1 : STDIN_FILENO, .events = POLLIN };
        bool living = lives();
        if (learner.ended && !living)
            return;
        poll(&socket, 1, living ? (int)(moment / (BASE_SECOND / 1000)) : -1);
        if (socket.revents != 0)
            receive();
        replace_stuck();
    }
}

json_t *procspawn__learner_run(json_t *unused)
{
    (void)unused;
    /* A function with the same user id cannot read or write what is learned of others here. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "forkscope-learn");
    base__soft_limits_lift();
    if (take_memory() && know_sizes())
        serve_all();
    return json_null();
}
