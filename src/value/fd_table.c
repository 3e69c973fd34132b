/*
 * fd_table.c - the table of descriptors behind placeholders: a hash table by number, and a list for
 * each holder
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

struct procspawn__held {
    uint64_t number;
    enum procspawn_value_kind kind;
    int fd;                             /* -1: taken */
    struct procspawn__holder *holder;
    struct procspawn__held *next;       /* the next one of the same holder */
    struct procspawn__held *beside;     /* the next one in the same bucket */
};

struct procspawn__holder procspawn__given;

/*
 * Guards the table, and all holders with their lists. No call that may block is made while it is
 * held.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct procspawn__held *buckets[BUCKETS];
static uint64_t last_number;

int procspawn__hold(struct procspawn__holder *holder, enum procspawn_value_kind kind, int fd,
                    uint64_t *ret_number)
{
    struct procspawn__held *held = malloc(sizeof *held);
    int rc = held ? 0 : -ENOMEM;

    if (rc == 0) {
        fd = base__fd_hold(fd);
        rc = fd < 0 ? fd : 0;
    }
    if (rc < 0) {
        base__close_foreign(fd);
        free(held);
        return rc;
    }
    pthread_mutex_lock(&lock);
    struct procspawn__held **bucket = &buckets[++last_number % BUCKETS];
    *held = (struct procspawn__held){ last_number, kind, fd, holder, holder->first, *bucket };
    holder->first = held;
    *bucket = held;
    *ret_number = held->number;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* Locked: returns the entry; NULL if there is none or its descriptor has been taken. */
static struct procspawn__held *find(uint64_t number)
{
    struct procspawn__held *held = buckets[number % BUCKETS];

    while (held && held->number != number)
        held = held->beside;
    return held && held->fd >= 0 ? held : NULL;
}

static int take_out(struct procspawn__held *held)
{
    int fd = base__fd_release(held->fd);
    held->fd = -1;
    return fd;
}

int procspawn__held_take(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    pthread_mutex_lock(&lock);
    struct procspawn__held *held = find(number);
    if (held && held->kind == kind && held->holder != &procspawn__given) {
        *ret_fd = take_out(held);
        rc = *ret_fd < 0 ? PROCSPAWN_EVALUE : 0;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

int procspawn__held_send(uint64_t number, enum procspawn_value_kind kind, int *ret_fd)
{
    int rc = PROCSPAWN_EVALUE;

    pthread_mutex_lock(&lock);
    struct procspawn__held *held = find(number);
    if (held && held->kind == kind && held->holder == &procspawn__given) {
        *ret_fd = take_out(held);
        rc = *ret_fd < 0 ? PROCSPAWN_EVALUE : 0;
    } else if (held && held->kind == kind && base__fd_is_ours(held->fd)) {
        rc = procspawn__kind_duplicate(kind, held->fd, ret_fd);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void procspawn__held_drop(uint64_t number)
{
    pthread_mutex_lock(&lock);
    struct procspawn__held *held = find(number);
    int fd = held ? take_out(held) : -1;
    pthread_mutex_unlock(&lock);
    base__close_foreign(fd);
}

static void leave_bucket(const struct procspawn__held *held)
{
    struct procspawn__held **place = &buckets[held->number % BUCKETS];

    while (*place != held)
        place = &(*place)->beside;
    *place = held->beside;
}

/*
 * Without the lock if there is nothing: in a copy of the process by fork(2) another thread's lock
 * may be held for ever.
 */
void procspawn__holder_release(struct procspawn__holder *holder)
{
    if (!holder->first)
        return;
    pthread_mutex_lock(&lock);
    struct procspawn__held *first = holder->first;
    for (struct procspawn__held *held = first; held; held = held->next)
        leave_bucket(held);
    holder->first = NULL;
    pthread_mutex_unlock(&lock);
    while (first) {
        struct procspawn__held *next = first->next;
        base__close_foreign(base__fd_release(first->fd));
        free(first);
        first = next;
    }
    base__close_settle();
}

void procspawn__held_forget(void)
{
    pthread_mutex_init(&lock, NULL);
    memset(buckets, 0, sizeof buckets);
    procspawn__given.first = NULL;
}
