/*
 * fd_table.c - the table of descriptors behind placeholders: a hash table by number, and a list for
 * each owner
 */
#include "src/value/fd_table.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/value/value_type.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUCKETS = 256 };

struct procspawn__fd_entry {
    uint64_t number;
    enum procspawn_value_kind kind;
    int fd GUARDED_BY(fd_table_lock);           /* -1: taken */
    struct procspawn__fd_owner *owner;
    /* the next one of the same owner */
    struct procspawn__fd_entry *next GUARDED_BY(fd_table_lock);
    /* the next one in the same bucket */
    struct procspawn__fd_entry *bucket_next GUARDED_BY(fd_table_lock);
};

struct procspawn__fd_owner procspawn__fds_to_send;

/*
 * Guards the table, and all owners with their lists. No call that may block is made while it is
 * held.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct procspawn__fd_entry *buckets[BUCKETS] GUARDED_BY(fd_table_lock);
static uint64_t last_number GUARDED_BY(fd_table_lock);

static void lock(void) LOCKS(fd_table_lock)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void) UNLOCKS(fd_table_lock)
{
    pthread_mutex_unlock(&mutex);
}

/* Locked. */
static uint64_t enter(struct procspawn__fd_entry *entry, struct procspawn__fd_owner *owner,
                      enum procspawn_value_kind kind, int fd) REQUIRES(fd_table_lock)
{
    struct procspawn__fd_entry **bucket = &buckets[++last_number % BUCKETS];

    *entry = (struct procspawn__fd_entry){ last_number, kind, fd, owner, owner->first, *bucket };
    owner->first = entry;
    *bucket = entry;
    return entry->number;
}

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
    lock();
    *ret_number = enter(entry, owner, kind, fd);
    unlock();
    return 0;
}

int procspawn__fd_table_reserve(struct procspawn__fd_owner *owner, enum procspawn_value_kind kind,
                                uint64_t *ret_number)
{
    struct procspawn__fd_entry *entry = malloc(sizeof *entry);

    if (!entry)
        return -ENOMEM;
    lock();
    *ret_number = enter(entry, owner, kind, -1);
    unlock();
    return 0;
}

/* Locked: returns the entry; NULL if there is none. */
static struct procspawn__fd_entry *look_up(uint64_t number) REQUIRES(fd_table_lock)
{
    struct procspawn__fd_entry *entry = buckets[number % BUCKETS];

    while (entry && entry->number != number)
        entry = entry->bucket_next;
    return entry;
}

int procspawn__fd_table_fill(uint64_t number, int fd, uint64_t file)
{
    int held = base__fd_is_held(fd) ? fd : base__fd_hold_file(fd, file);

    lock();
    look_up(number)->fd = held;
    unlock();
    return held < 0 ? -EPROTO : 0;
}

/* Locked: returns the entry; NULL if there is none or its descriptor has been taken. */
static struct procspawn__fd_entry *find(uint64_t number) REQUIRES(fd_table_lock)
{
    struct procspawn__fd_entry *entry = look_up(number);
    return entry && entry->fd >= 0 ? entry : NULL;
}

static int take_out(struct procspawn__fd_entry *entry) REQUIRES(fd_table_lock)
{
    int fd = entry->fd;
    entry->fd = -1;
    return fd;
}

int procspawn__fd_table_take(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    lock();
    struct procspawn__fd_entry *entry = find(number);
    if (entry && entry->kind == kind && entry->owner != &procspawn__fds_to_send) {
        *ret_fd = take_out(entry);
        rc = 0;
    }
    unlock();
    return rc;
}

/* It stays noted. */
static int give_away(struct procspawn__fd_entry *entry, int *ret_fd) REQUIRES(fd_table_lock)
{
    int fd = take_out(entry);

    if (!base__fd_is_ours(fd)) {
        base__fd_release(fd);
        return PROCSPAWN_EVALUE;
    }
    *ret_fd = fd;
    return 0;
}

int procspawn__fd_table_send(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    lock();
    struct procspawn__fd_entry *entry = find(number);
    if (entry && entry->kind == kind && entry->owner == &procspawn__fds_to_send) {
        rc = give_away(entry, ret_fd);
    } else if (entry && entry->kind == kind) {
        rc = procspawn__kind_duplicate_held(kind, entry->fd, ret_fd);
    }
    unlock();
    return rc == -EBADF ? PROCSPAWN_EVALUE : rc;
}

void procspawn__fd_table_drop(uint64_t number)
{
    lock();
    struct procspawn__fd_entry *entry = find(number);
    int fd = entry ? base__fd_release(take_out(entry)) : -1;
    unlock();
    base__close_foreign(fd);
}

static void leave_bucket(const struct procspawn__fd_entry *entry) REQUIRES(fd_table_lock)
{
    struct procspawn__fd_entry **place = &buckets[entry->number % BUCKETS];

    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
}

static bool is_empty(const struct procspawn__fd_owner *owner)
    NO_THREAD_SAFETY_ANALYSIS("an owner belongs to one thread at a time")
{
    return !owner->first;
}

static void close_all(struct procspawn__fd_entry *first)
    NO_THREAD_SAFETY_ANALYSIS("they are not in the table any more")
{
    while (first) {
        struct procspawn__fd_entry *next = first->next;
        base__close_foreign(base__fd_release(first->fd));
        free(first);
        first = next;
    }
}

/*
 * Without the lock if there is nothing: in a copy of the process by fork(2) another thread's lock
 * may be held for ever.
 */
void procspawn__fd_owner_release(struct procspawn__fd_owner *owner)
{
    if (is_empty(owner))
        return;
    lock();
    struct procspawn__fd_entry *first = owner->first;
    for (struct procspawn__fd_entry *entry = first; entry; entry = entry->next)
        leave_bucket(entry);
    owner->first = NULL;
    unlock();
    close_all(first);
    base__close_settle();
}

void procspawn__fd_table_forget(void) NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    pthread_mutex_init(&mutex, NULL);
    memset(buckets, 0, sizeof buckets);
    procspawn__fds_to_send.first = NULL;
}
