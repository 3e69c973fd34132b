/*
 * at_fini.c - the list of objects that procspawn_fini() closes and joins before the servers
 *
 * The list belongs to one process. A copy of that process by fork(2) ignores what it inherited. An
 * object is started and joined without the lock: the thread that does it has claimed the object,
 * and another one that wants to join or remove it waits.
 */
#include "src/image/at_fini.h"

#include "src/base/clock.h"
#include "src/base/guarded.h"
#include "src/base/list.h"
#include <errno.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t released;    /* a claim was given up */
    struct list items GUARDED_BY(registry_lock);
    bool ending GUARDED_BY(registry_lock);      /* the list takes no more items */
    pid_t owner GUARDED_BY(registry_lock);
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER };

static void lock(void) LOCKS(registry_lock)
{
    pthread_mutex_lock(&registry.lock);
}

static void unlock(void) UNLOCKS(registry_lock)
{
    pthread_mutex_unlock(&registry.lock);
}

static struct procspawn__at_fini *item_at(struct list *link)
{
    return list_entry(link, struct procspawn__at_fini, link);
}

int procspawn__at_fini_add(struct procspawn__at_fini *item)
{
    lock();
    if (registry.owner != getpid()) {
        list_init(&registry.items);
        registry.ending = false;
    }
    registry.owner = getpid();
    int rc = registry.ending ? PROCSPAWN_ENOTINIT : 0;
    if (rc == 0)
        list_append(&registry.items, &item->link);
    item->claimed = true;
    item->joined = false;
    unlock();
    return rc;
}

/* With the lock held. */
static void give_up(struct procspawn__at_fini *item) REQUIRES(registry_lock)
{
    item->claimed = false;
    pthread_cond_broadcast(&registry.released);
}

void procspawn__at_fini_release(struct procspawn__at_fini *item)
{
    lock();
    give_up(item);
    unlock();
}

void procspawn__at_fini_withdraw(struct procspawn__at_fini *item)
{
    lock();
    list_remove(&item->link);
    give_up(item);
    unlock();
}

void procspawn__at_fini_forget(void) NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    pthread_mutex_init(&registry.lock, NULL);
    pthread_cond_init(&registry.released, NULL);
    registry.owner = 0;
}

void procspawn__at_fini_close_all(void)
{
    lock();
    registry.ending = true;
    if (registry.owner == getpid()) {
        for (struct list *link = registry.items.next; link != &registry.items; link = link->next)
            item_at(link)->close(item_at(link));
    }
    unlock();
}

void procspawn__at_fini_reopen(void)
{
    lock();
    registry.ending = false;
    unlock();
}

/* ---- joining ---- */

/* With the lock held. 0 or -ETIMEDOUT. */
static int wait_for_release(int64_t deadline) REQUIRES(registry_lock)
{
    struct timespec until = { deadline / BASE_SECOND, deadline % BASE_SECOND };
    int error = pthread_cond_clockwait(&registry.released, &registry.lock, CLOCK_MONOTONIC, &until);
    return error == ETIMEDOUT ? -ETIMEDOUT : 0;
}

/* Joins a claimed item; the lock is released meanwhile. */
static int join(struct procspawn__at_fini *item, int64_t deadline) REQUIRES(registry_lock)
{
    item->claimed = true;
    unlock();
    int rc = item->join(item, deadline);
    lock();
    item->joined = rc == 0;
    give_up(item);
    return rc;
}

int procspawn__at_fini_remove(struct procspawn__at_fini *item, int64_t deadline)
{
    int rc = 0;

    lock();
    while (rc == 0 && item->claimed)
        rc = wait_for_release(deadline);
    if (rc == 0 && !item->joined)
        rc = join(item, deadline);
    if (rc == 0)
        list_remove(&item->link);
    unlock();
    return rc;
}

/* Returns the first item that is still to be joined, or NULL. */
static struct procspawn__at_fini *next_to_join(void) REQUIRES(registry_lock)
{
    for (struct list *link = registry.items.next; link != &registry.items; link = link->next) {
        if (!item_at(link)->joined)
            return item_at(link);
    }
    return NULL;
}

/* An item may be removed while the lock is released: the search begins anew each time. */
int procspawn__at_fini_join_all(int64_t deadline)
{
    struct procspawn__at_fini *item;
    int rc = 0;

    lock();
    while (rc == 0 && registry.owner == getpid() && (item = next_to_join()) != NULL)
        rc = item->claimed ? wait_for_release(deadline) : join(item, deadline);
    unlock();
    return rc;
}
