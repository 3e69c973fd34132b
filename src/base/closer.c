/*
 * closer.c - a queue of descriptors, and the threads that close them
 */
#include "src/base/closer.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/base/thread.h"
#include "src/base/written.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 8,
    BEHIND = 64,                /* limit of the queue while no close returns */
    FAR_BEHIND = 512,           /* limit of the queue in any case */
    STACK = 64 * 1024
};

/* A close that takes longer counts as stuck. */
static const int64_t moment = BASE_SECOND / 50;

/*
 * So long a caller waits for threads that the machine does not run, while no close is stuck; and so
 * long the last close must have been stuck before no more descriptors are received.
 */
static const int64_t patience = BASE_SECOND;

struct waiting {
    int fd;
    struct waiting *next;
};

static bool is_alone BASE_WRITTEN;

extern struct base__lock closer_lock;

static struct {
    pid_t owner;                /* process of the threads; fork(2) does not copy threads */
    pthread_mutex_t lock;       /* guards the members below */
    pthread_cond_t changed;
    struct waiting *first GUARDED_BY(closer_lock), **end GUARDED_BY(closer_lock);
    unsigned count GUARDED_BY(closer_lock);     /* length of the queue */
    unsigned threads GUARDED_BY(closer_lock);  /* running; atomic, read unlocked, as count is */
    unsigned busy GUARDED_BY(closer_lock);      /* threads inside close(2) */
    uint64_t turn GUARDED_BY(closer_lock);      /* number of closes begun */
    bool closing GUARDED_BY(closer_lock);       /* the close begun last has not returned */
    int64_t since GUARDED_BY(closer_lock);
    unsigned settling GUARDED_BY(closer_lock);  /* callers inside base__close_settle */
    pthread_t ended[THREADS_MAX] GUARDED_BY(closer_lock);
    unsigned ended_count GUARDED_BY(closer_lock);  /* ended threads that such a caller must join */
} closer;

/* ---- one descriptor ---- */

/*
 * Sealed memory belongs to no mounted file system; only its size can make its close slow. A file of
 * a mounted tmpfs carries at most F_SEAL_SEAL.
 */
static bool is_small_memory(int fd)
{
    enum { BLOCKS = 16 << 11 };     /* 16 MiB in blocks of 512 bytes */
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS);

    return seals > 0 && (seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) &&
           fstat(fd, &status) == 0 && status.st_blocks <= BLOCKS;
}

static void close_without_lingering(int fd)
{
    struct linger linger = { .l_onoff = 0 };
    socklen_t length = sizeof linger;

    if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0 && linger.l_onoff &&
        linger.l_linger > 0) {
        linger.l_onoff = 0;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    close(fd);
}

/* ---- the queue ---- */

static void set(unsigned *number, unsigned value)
{
    __atomic_store_n(number, value, __ATOMIC_RELEASE);
}

static unsigned get(const unsigned *number)
{
    return __atomic_load_n(number, __ATOMIC_ACQUIRE);
}

/* After a fork one thread of the new process resets the state; other threads wait until it has. */
static void adopt(pid_t before, pid_t self)
    NO_THREAD_SAFETY_ANALYSIS("other threads wait until it is done")
{
    const pid_t setting_up = -self;

    if (before != setting_up &&
        __atomic_compare_exchange_n(&closer.owner, &before, setting_up, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        pthread_mutex_init(&closer.lock, NULL);
        pthread_cond_init(&closer.changed, NULL);
        closer.first = NULL;
        closer.end = &closer.first;
        set(&closer.count, 0);
        set(&closer.threads, 0);
        closer.busy = closer.settling = closer.ended_count = 0;
        closer.closing = false;
        __atomic_store_n(&closer.owner, self, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&closer.owner, __ATOMIC_ACQUIRE) != self)
        sched_yield();
}

static void lock(void) LOCKS(closer_lock)
{
    pthread_mutex_lock(&closer.lock);
}

static void enter(void) ACQUIRE(closer_lock)
{
    pid_t self = getpid();
    pid_t owner = __atomic_load_n(&closer.owner, __ATOMIC_ACQUIRE);

    if (owner != self)
        adopt(owner, self);
    lock();
}

static void leave(void) UNLOCKS(closer_lock)
{
    pthread_mutex_unlock(&closer.lock);
}

static void append(struct waiting *waiting) REQUIRES(closer_lock)
{
    waiting->next = NULL;
    *closer.end = waiting;
    closer.end = &waiting->next;
    set(&closer.count, closer.count + 1);
}

static int take_first(void) REQUIRES(closer_lock)
{
    struct waiting *waiting = closer.first;
    int fd = waiting->fd;

    closer.first = waiting->next;
    if (!closer.first)
        closer.end = &closer.first;
    set(&closer.count, closer.count - 1);
    free(waiting);
    return fd;
}

/* ---- the threads ---- */

static bool need_thread(void) REQUIRES(closer_lock);

/* Is a close running that does not count as stuck yet? */
static bool in_time(void) REQUIRES(closer_lock)
{
    return closer.closing && base__now() < closer.since + moment;
}

static void wait_until(int64_t when) REQUIRES(closer_lock)
{
    struct timespec until = { when / BASE_SECOND, when % BASE_SECOND };
    pthread_cond_clockwait(&closer.changed, &closer.lock, CLOCK_MONOTONIC, &until);
}

/*
 * Closes the first descriptor of the queue; releases the lock meanwhile. When all other threads are
 * inside close(2), this one is the last, so its close must not wait for a socket to linger.
 */
static void close_first(void) REQUIRES(closer_lock)
{
    uint64_t turn = ++closer.turn;

    bool is_last = ++closer.busy == THREADS_MAX;
    int fd = base__fd_release(take_first());
    closer.closing = true;
    closer.since = base__now();
    if (closer.first)
        need_thread();
    leave();
    if (is_last && fd >= 0)
        close_without_lingering(fd);
    else if (fd >= 0)
        close(fd);
    lock();
    closer.busy--;
    if (turn == closer.turn)
        closer.closing = false;
    pthread_cond_broadcast(&closer.changed);
}

static void end_thread(void) REQUIRES(closer_lock)
{
    set(&closer.threads, closer.threads - 1);
    if (closer.settling > 0 && closer.ended_count < THREADS_MAX)
        closer.ended[closer.ended_count++] = pthread_self();
    else
        pthread_detach(pthread_self());
    pthread_cond_broadcast(&closer.changed);
}

/*
 * A closer thread: begins the next close when the running one is stuck; ends when the queue is
 * empty.
 */
static void *run(void *unused)
{
    lock();
    while (closer.first) {
        if (in_time())
            wait_until(closer.since + moment);
        else
            close_first();
    }
    end_thread();
    leave();
    return unused;
}

static size_t stack_size(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    return least > STACK / 2 ? (size_t)least + STACK : STACK;
}

/*
 * Thread-local storage of the program lies on the thread's stack; if it does not fit into a small
 * stack, pthread_create fails with EINVAL and a default stack is used.
 */
static bool start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size());
    int rc = base__thread_start(&thread, &attributes, run, NULL);
    pthread_attr_destroy(&attributes);
    if (rc == -EINVAL)
        rc = base__thread_start(&thread, NULL, run, NULL);
    return rc == 0;
}

/*
 * Makes sure that a thread outside close(2) exists, unless the limit is reached. Returns false if
 * there is none and none could be started. Locked.
 */
static bool need_thread(void) REQUIRES(closer_lock)
{
    if (closer.threads > closer.busy || closer.threads == THREADS_MAX)
        return true;
    set(&closer.threads, closer.threads + start_thread());
    return closer.threads > closer.busy;
}

/* Joins threads that have ended. Locked; releases the lock meanwhile. */
static void join_ended(void) REQUIRES(closer_lock)
{
    while (closer.ended_count > 0) {
        pthread_t thread = closer.ended[--closer.ended_count];
        leave();
        pthread_join(thread, NULL);
        lock();
    }
}

/* ---- the calls ---- */

/* Queues the descriptor. Returns false without memory or without a thread. */
static bool hand_over(int fd)
{
    struct waiting *waiting = malloc(sizeof *waiting);

    if (!waiting)
        return false;
    waiting->fd = fd;
    enter();
    bool taken = need_thread();
    if (taken)
        append(waiting);
    leave();
    if (!taken)
        free(waiting);
    return taken;
}

/*
 * Moves a descriptor off the numbers of the standard streams, so that the number is free at once:
 * the program may reuse it at any time. Returns the new descriptor, or -1.
 */
static int leave_stdio(int fd)
{
    if (fd > STDERR_FILENO)
        return fd;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy >= 0)
        close(fd);
    return copy;
}

static void close_apart(int fd)
{
    int moved = leave_stdio(fd);

    if (moved < 0)
        close_without_lingering(fd);
    else if (!hand_over(moved))
        close_without_lingering(moved);
}

void base__close_foreign(int fd)
{
    int error = errno;

    if (fd < 0)
        return;
    bool cancelable = base__cancelable(false);
    if (is_alone)
        close_without_lingering(fd);
    else if (is_small_memory(fd))
        close(fd);
    else
        close_apart(fd);
    base__cancelable(cancelable);
    errno = error;
}

/* Is a close running that counts as stuck? */
static bool is_stuck(void) REQUIRES(closer_lock)
{
    return closer.busy > 0 && !in_time();
}

void base__close_settle(void)
{
    int error = errno;

    if (get(&closer.threads) == 0)
        return;
    bool cancelable = base__cancelable(false);
    int64_t begin = base__now();
    int64_t deadline = begin + moment;
    enter();
    closer.settling++;
    while (closer.first || in_time() || closer.threads > closer.busy) {
        if (base__now() >= deadline && (is_stuck() || base__now() >= begin + patience))
            break;
        wait_until(base__now() < deadline ? deadline : base__now() + moment);
    }
    closer.settling--;
    join_ended();
    leave();
    base__cancelable(cancelable);
    errno = error;
}

/* Has the close begun last been running for that long? */
static bool runs_since(int64_t duration)
{
    if (get(&closer.threads) == 0)
        return false;
    enter();
    bool runs = closer.closing && base__now() >= closer.since + duration;
    leave();
    return runs;
}

bool base__close_is_stuck(void)
{
    return runs_since(moment);
}

/* A thread that the machine does not run is no reason: it closes the rest once it runs. */
bool base__close_is_behind(void)
{
    unsigned count = get(&closer.count);

    return count > FAR_BEHIND || (count > BEHIND && runs_since(patience));
}

void base__close_by_threads(bool may)
{
    is_alone = !may;
}
