/*
 * fd_table.c - the table of descriptors behind placeholders: a hash table by number, and a list for
 * each owner
 */
#include "src/value/fd_table.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/value/value_type.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUCKETS = 256 };

struct procspawn__fd_entry {
    uint64_t number;
    enum procspawn_value_kind kind;
    int fd;                                  /* -1: taken */
    struct procspawn__fd_owner *owner;
    struct procspawn__fd_entry *next;        /* the next one of the same owner */
    struct procspawn__fd_entry *bucket_next; /* the next one in the same bucket */
};

struct procspawn__fd_owner procspawn__fds_to_send;

/*
 * Guards the table, and all owners with their lists. No call that may block is made while it is
 * held.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct procspawn__fd_entry *buckets[BUCKETS];
static uint64_t last_number;

int procspawn__fd_table_add(struct procspawn__fd_owner *owner, enum procspawn_value_kind kind,
                            int fd, uint64_t *ret_number)
{
    struct procspawn__fd_entry *entry = malloc(sizeof *entry);
    int rc = entry ? 0 : -ENOMEM;

    if (rc == 0) {
        fd = base__fd_hold(fd);
        rc = fd < 0 ? fd : 0;
    }
    if (rc < 0) {
        base__close_foreign(fd);
        free(entry);
        return rc;
    }
    pthread_mutex_lock(&lock);
    struct procspawn__fd_entry **bucket = &buckets[++last_number % BUCKETS];
    *entry = (struct procspawn__fd_entry){ last_number, kind, fd, owner, owner->first, *bucket };
    owner->first = entry;
    *bucket = entry;
    *ret_number = entry->number;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* Locked: returns the entry; NULL if there is none or its descriptor has been taken. */
static struct procspawn__fd_entry *find(uint64_t number)
{
    struct procspawn__fd_entry *entry = buckets[number % BUCKETS];

    while (entry && entry->number != number)
        entry = entry->bucket_next;
    return entry && entry->fd >= 0 ? entry : NULL;
}

static int take_out(struct procspawn__fd_entry *entry)
{
    int fd = base__fd_release(entry->fd);
    entry->fd = -1;
    return fd;
}

int procspawn__fd_table_take(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    pthread_mutex_lock(&lock);
    struct procspawn__fd_entry *entry = find(number);
    if (entry && entry->kind == kind && entry->owner != &procspawn__fds_to_send) {
        *ret_fd = take_out(entry);
        rc = *ret_fd < 0 ? PROCSPAWN_EVALUE : 0;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

int procspawn__fd_table_send(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    pthread_mutex_lock(&lock);
    struct procspawn__fd_entry *entry = find(number);
    if (entry && entry->kind == kind && entry->owner == &procspawn__fds_to_send) {
        *ret_fd = take_out(entry);
        rc = *ret_fd < 0 ? PROCSPAWN_EVALUE : 0;
    } else if (entry && entry->kind == kind && base__fd_is_ours(entry->fd)) {
        rc = procspawn__kind_duplicate(kind, entry->fd, ret_fd);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void procspawn__fd_table_drop(uint64_t number)
{
    pthread_mutex_lock(&lock);
    struct procspawn__fd_entry *entry = find(number);
    int fd = entry ? take_out(entry) : -1;
    pthread_mutex_unlock(&lock);
    base__close_foreign(fd);
}

static void leave_bucket(const struct procspawn__fd_entry *entry)
{
    struct procspawn__fd_entry **place = &buckets[entry->number % BUCKETS];

    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
}

/*
 * Without the lock if there is nothing: in a copy of the process by fork(2) another thread's lock
 * may be held for ever.
 */
void procspawn__fd_owner_release(struct procspawn__fd_owner *owner)
{
    if (!owner->first)
        return;
    pthread_mutex_lock(&lock);
    struct procspawn__fd_entry *first = owner->first;
    for (struct procspawn__fd_entry *entry = first; entry; entry = entry->next)
        leave_bucket(entry);
    owner->first = NULL;
    pthread_mutex_unlock(&lock);
    while (first) {
        struct procspawn__fd_entry *next = first->next;
        base__close_foreign(base__fd_release(first->fd));
        free(first);
        first = next;
    }
    base__close_settle();
}

void procspawn__fd_table_forget(void)
{
    pthread_mutex_init(&lock, NULL);
    memset(buckets, 0, sizeof buckets);
    procspawn__fds_to_send.first = NULL;
}
