/*
 * at_fini.c - the list of objects that procspawn_fini() closes and joins before the servers
 *
 * The list belongs to one process. A copy of that process by fork(2) ignores what it inherited.
 */
#include "src/image/at_fini.h"

#include "src/base/list.h"
#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    struct list items;
    pid_t owner;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct procspawn__at_fini *item_at(struct list *link)
{
    return list_entry(link, struct procspawn__at_fini, link);
}

void procspawn__at_fini_add(struct procspawn__at_fini *item)
{
    pthread_mutex_lock(&registry.lock);
    if (registry.owner != getpid())
        list_init(&registry.items);
    registry.owner = getpid();
    list_append(&registry.items, &item->link);
    pthread_mutex_unlock(&registry.lock);
}

void procspawn__at_fini_remove(struct procspawn__at_fini *item)
{
    pthread_mutex_lock(&registry.lock);
    list_remove(&item->link);
    pthread_mutex_unlock(&registry.lock);
}

void procspawn__at_fini_forget(void)
{
    pthread_mutex_init(&registry.lock, NULL);
    registry.owner = 0;
}

void procspawn__at_fini_close_all(void)
{
    pthread_mutex_lock(&registry.lock);
    if (registry.owner == getpid()) {
        for (struct list *link = registry.items.next; link != &registry.items; link = link->next)
            item_at(link)->close(item_at(link));
    }
    pthread_mutex_unlock(&registry.lock);
}

int procspawn__at_fini_join_all(int64_t deadline)
{
    int rc = 0;

    pthread_mutex_lock(&registry.lock);
    if (registry.owner == getpid()) {
        for (struct list *link = registry.items.next; link != &registry.items && rc == 0;
             link = link->next)
            rc = item_at(link)->join(item_at(link), deadline);
    }
    pthread_mutex_unlock(&registry.lock);
    return rc;
}
