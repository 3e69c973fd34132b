/*
 * watch.c - the task of a scope that stands for a map
 */
#include "src/map/watch.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/scope/wait_points.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

extern struct base__lock map_watch_lock;

struct procspawn__map_watch {
    pthread_mutex_t lock;
    procspawn_set *set GUARDED_BY(map_watch_lock);      /* NULL: it must not be touched */
    unsigned references;        /* atomic: the map and the task */
    bool cancelled;             /* atomic */
    bool ended;                 /* atomic: the map has ended; `event` is raised then */
    int event;
};

static void enter(struct procspawn__map_watch *watch) ACQUIRE(map_watch_lock)
    NO_THREAD_SAFETY_ANALYSIS("it is the lock")
{
    pthread_mutex_lock(&watch->lock);
}

static void leave(struct procspawn__map_watch *watch) RELEASE(map_watch_lock)
    NO_THREAD_SAFETY_ANALYSIS("it is the lock")
{
    pthread_mutex_unlock(&watch->lock);
}

static void drop(struct procspawn__map_watch *watch)
{
    if (__atomic_sub_fetch(&watch->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    base__fd_close(watch->event);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

static bool has_ended(const struct procspawn__map_watch *watch)
{
    return __atomic_load_n(&watch->ended, __ATOMIC_ACQUIRE);
}

/* ---- the task ---- */

static int wait_for_end(void *argument)
{
    struct procspawn__map_watch *watch = argument;
    int rc = 0;

    while (rc == 0 && !has_ended(watch))
        rc = scoped__wait_event(watch->event, BASE_NEVER);
    return rc == -ECANCELED ? rc : 0;
}

static void stop(struct procspawn__map_watch *watch)
{
    __atomic_store_n(&watch->cancelled, true, __ATOMIC_RELEASE);
    enter(watch);
    if (watch->set)
        procspawn_set_kill_all(watch->set);
    leave(watch);
}

/* Always runs, and is not cancelled. The program may have closed the event. */
static void finish(void *argument)
{
    enum { LOOK_AGAIN_IN = 20 };
    struct procspawn__map_watch *watch = argument;

    if (!has_ended(watch))
        stop(watch);
    while (!has_ended(watch)) {
        struct pollfd polled = { .fd = base__fd_is_ours(watch->event) ? watch->event : -1,
                                 .events = POLLIN };
        poll(&polled, 1, LOOK_AGAIN_IN);
    }
    drop(watch);
}

/* ---- the map ---- */

static int start(struct procspawn__map_watch *watch, scoped_spawner scope)
{
    watch->event = base__event();
    if (watch->event < 0)
        return watch->event;
    watch->references = 2;
    int rc = scoped_spawn_leaf(scope, wait_for_end, watch, finish);
    if (rc < 0)
        base__fd_close(watch->event);
    return rc;
}

int procspawn__map_watch_start(scoped_spawner scope, procspawn_set *set,
                               struct procspawn__map_watch **ret_watch)
    NO_THREAD_SAFETY_ANALYSIS("its task has not started, or does not start")
{
    struct procspawn__map_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return -ENOMEM;
    pthread_mutex_init(&watch->lock, NULL);
    watch->set = set;
    int rc = start(watch, scope);
    if (rc == 0) {
        *ret_watch = watch;
        return 0;
    }
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    return rc;
}

bool *procspawn__map_watch_flag(struct procspawn__map_watch *watch)
{
    return &watch->cancelled;
}

void procspawn__map_watch_leave(struct procspawn__map_watch *watch)
{
    if (!watch)
        return;
    enter(watch);
    watch->set = NULL;
    leave(watch);
}

void procspawn__map_watch_end(struct procspawn__map_watch *watch)
{
    if (!watch)
        return;
    __atomic_store_n(&watch->ended, true, __ATOMIC_RELEASE);
    base__event_raise(watch->event);
    drop(watch);
}
