/*
 * server.c - the loop of a server: waits, and dispatches each event
 *
 * A server waits for nothing but events: it sends without blocking, and the processes that it forks
 * for its own use have a time limit. Spares are forked only when the server is idle.
 */
#include "forkserver/server.h"

#include "forkserver/children/births.h"
#include "forkserver/children/children.h"
#include "forkserver/children/death_watch.h"
#include "forkserver/children/reap.h"
#include "forkserver/children/requester.h"
#include "forkserver/children/spares.h"
#include "forkserver/children/state.h"
#include "forkserver/children/terminate.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/children/timing.h"
#include "forkserver/prefork.h"
#include "forkserver/process/daemonize.h"
#include "forkserver/process/oom.h"
#include "forkserver/process/orphans.h"
#include "forkserver/process/private_memory.h"
#include "forkserver/process/purge.h"
#include "forkserver/process/remap.h"
#include "forkserver/requests.h"
#include "forkserver/retire.h"
#include "src/base/clock.h"
#include "src/base/proc.h"
#include "src/crash/handler.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Each child needs descriptors in the server; the host's soft limit is not meant for that. */
static void raise_descriptor_limit(struct server *s)
{
    getrlimit(RLIMIT_NOFILE, &s->host_descriptors);
    struct rlimit limit = s->host_descriptors;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Background work must not preempt other processes. A child inherits SCHED_BATCH until it has its
 * call, so that it does not preempt its caller; then it gets the scheduling that the call names.
 */
static void yield_to_others(void)
{
    struct sched_param parameter = { .sched_priority = 0 };

    if (sched_getscheduler(0) == SCHED_OTHER && getpriority(PRIO_PROCESS, 0) >= 0)
        sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &parameter);
}

static int watch(struct server *s, int fd, enum watch *what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

    if (fd < 0)
        return 0;
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int watch_all(struct server *s)
{
    static enum watch root = WATCH_ROOT, host = WATCH_HOST, signals = WATCH_SIGNALS;
    int rc = watch(s, s->root_link, &root);

    if (rc == 0)
        rc = watch(s, s->signals, &signals);
    if (rc == 0)
        rc = watch(s, s->host_pidfd, &host);
    return rc == 0 ? forkserver__requester_open(&s->host, s->epoll) : rc;
}

/* Returns 0, or -errno if something is missing that a server needs. */
static int open_server(struct server *s)
{
    sigset_t child_signal;

    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    s->pid = getpid();
    s->root = getppid();
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        return -errno;
    s->signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0)
        return -errno;
    forkserver__orphans_open(&s->proc_children);
    s->own_proc = base__proc_is_ours();
    s->vmstat = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
    s->oom_kills = forkserver__oom_kills(s->vmstat);
    return watch_all(s);
}

/* The host chooses servers by it. */
static void tell_count(const struct server *s)
{
    __atomic_store_n(&s->board->children, s->children.count, __ATOMIC_RELAXED);
}

/* Excludes the board from children, and resets the counts of an earlier server. */
static void take_board(struct server *s)
{
    const struct forkserver_options *options = s->options;

    madvise(options->board, FORKSERVER_MAX_SERVERS * sizeof *options->board, MADV_DONTFORK);
    __atomic_store_n(&s->board->nested, 0, __ATOMIC_RELAXED);
    tell_count(s);
}

/* Sends the first message to the host. After a failure the server exits. */
static void tell_start(int host_link, int rc)
{
    struct wire_refused body = { .error = -rc };

    if (rc == 0) {
        wire__send(host_link, WIRE_READY, NULL, 0, NULL, 0, true);
        return;
    }
    wire__send_struct(host_link, WIRE_REFUSED, &body, sizeof body, -1, true);
    _exit(1);
}

static void on_host_gone(struct server *s)
{
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->host_pidfd, NULL);
    forkserver__terminate_all(s, SIGKILL, 0, WIRE_ENDED_BY_KILL);
}

/* A pending SIGCHLD covers all deaths and stops since the last read. */
static void drain_signals(struct server *s)
{
    struct signalfd_siginfo info;

    s->signalled = read(s->signals, &info, sizeof info) > 0;
}

/* Returns the child that this watch is a member of. */
static struct child *child_of(void *watch, size_t offset)
{
    return (struct child *)(void *)((char *)watch - offset);
}

static void dispatch(struct server *s, const struct epoll_event *event)
{
    switch (*(enum watch *)event->data.ptr) {
    case WATCH_ROOT:
        forkserver__root_readable(s);
        break;
    case WATCH_HOST:
        on_host_gone(s);
        break;
    case WATCH_SIGNALS:
        drain_signals(s);
        break;
    case WATCH_SPACE:
        forkserver__child_retell(child_of(event->data.ptr, offsetof(struct child, space)));
        break;
    case WATCH_DEATH:
        drain_signals(s);
        forkserver__reap_watched(s, child_of(event->data.ptr, offsetof(struct child, death)));
        break;
    case WATCH_BEGIN:
        forkserver__limit_look(s, child_of(event->data.ptr, offsetof(struct child, limits.begin)));
        break;
    case WATCH_REQUESTER:
        forkserver__requester_readable(s, event->data.ptr);
        break;
    }
}

/*
 * Waits for one event for `timeout` nanoseconds; -1: without limit. Returns the number of events.
 * epoll_wait(2) counts in milliseconds, to which a long wait is rounded up. A short one takes one
 * more system call, of ppoll(2), which counts in nanoseconds.
 */
static int wait_for_event(const struct server *s, int64_t timeout, struct epoll_event *ret_event)
{
    static const int64_t millisecond = BASE_SECOND / 1000, rather_long = BASE_SECOND / 20;
    struct pollfd any = { .fd = s->epoll, .events = POLLIN };
    struct timespec limit = { .tv_nsec = timeout };
    int left = timeout < 0 ? -1 : 0;

    if (timeout >= rather_long)
        left = (int)((timeout < BASE_SECOND ? timeout : BASE_SECOND) / millisecond) + 1;
    else if (timeout > 0 && ppoll(&any, 1, &limit, NULL) <= 0)
        return 0;
    return epoll_wait(s->epoll, ret_event, 1, left);
}

static int64_t left_until(int64_t moment)
{
    int64_t left = moment == BASE_NEVER ? -1 : moment - base__now();
    return moment != BASE_NEVER && left < 0 ? 0 : left;
}

/* Idle time before the next background work; -1: there is none. */
static int64_t idle_delay(struct server *s)
{
    int64_t pause = forkserver__prefork_pause(s);
    bool more = !s->ending && (!s->idle_done || !s->remapped || forkserver__purge_due(&s->purge));

    return pause < 0 && more ? FORKSERVER_IDLE_DELAY : pause;
}

/*
 * A child that has not closed its inherited descriptors also holds the sockets, and its close could
 * be the last.
 */
static void purge(struct server *s)
{
    if (forkserver__births_over(&s->births))
        forkserver__purge(&s->purge);
    else
        forkserver__purge_later(&s->purge);
}

static void idle_work(struct server *s)
{
    if (forkserver__prefork_pause(s) >= 0) {
        forkserver__prefork_add(s);
    } else if (forkserver__purge_due(&s->purge)) {
        purge(s);
    } else if (!s->idle_done) {
        s->idle_done = !s->options->idle_step();
    } else if (!s->remapped) {
        s->remapped = true;
        forkserver__remap_memory();
    }
}

static void run_due(struct server *s, int64_t now)
{
    if (s->wake_at > now)
        return;
    const int64_t not_before = s->prefork.spares.not_before;
    s->wake_at = not_before > now ? not_before : BASE_NEVER;
    forkserver__wake_by(s, s->scans.next_at);
    forkserver__death_watch_due(s, now);
    forkserver__terminate_due(s, now);
}

/* Handles one event at a time, because handling one may free what another points to. */
static void run_once(struct server *s)
{
    struct epoll_event event;
    int64_t until_due = left_until(s->wake_at), until_idle_work = idle_delay(s);
    bool idle_work_first = until_idle_work >= 0 && (until_due < 0 || until_idle_work <= until_due);
    int n = wait_for_event(s, idle_work_first ? until_idle_work : until_due, &event);

    if (n == 1)
        dispatch(s, &event);
    run_due(s, base__now());
    forkserver__reap(s);
    forkserver__retire(s);
    tell_count(s);
    if (n == 0 && idle_work_first)
        idle_work(s);
}

/* A server that is started later takes the share of one that rests. */
static unsigned share_of_spares(const struct forkserver_options *options, unsigned index)
{
    const unsigned place = index % options->servers;
    return (options->spares + options->servers - 1 - place) / options->servers;
}

void forkserver__server_main(const struct forkserver_options *options, unsigned index,
                             int host_link, int root_link, int host_pidfd)
{
    const int keep[] = { host_link, root_link, host_pidfd };

    forkserver__daemonize(FORKSERVER_SERVER_NAME, keep, 3, options->held);
    struct server *s = forkserver__private_memory(sizeof *s);
    if (!s)
        tell_start(host_link, -ENOMEM);
    *s = (struct server){
        .options = options,
        .root_link = root_link,
        .host_pidfd = host_pidfd,
        .host = { .watch = WATCH_REQUESTER, .link = { .fd = host_link, .guarded = true } },
        .board = &options->board[index],
        .check_answers_at = BASE_NEVER,
        .scans = { .next_at = BASE_NEVER },
        .young_until = BASE_NEVER,
        .wake_at = BASE_NEVER,
        .frame = { .body = s->body, .capacity = sizeof s->body, .lossy = true },
    };
    forkserver__births_init(&s->births);
    list_init(&s->young);
    list_init(&s->children.reborn);
    list_init(&s->reporters.examined);
    forkserver__spares_init(&s->prefork.spares, share_of_spares(options, index));
    take_board(s);
    raise_descriptor_limit(s);
    yield_to_others();
    tell_start(host_link, open_server(s));
    if (options->catch_crashes)
        crash__prepare();
    options->prepare();
    while (!s->leave)
        run_once(s);
    _exit(0);
}
