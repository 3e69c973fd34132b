/*
 * inbox.c - what other threads tell a set, and the alarm of the set
 */
#include "src/completion/inbox.h"

#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/completion/alarm.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static void enter(struct procspawn__inbox *inbox) LOCKS(inbox_lock)
{
    pthread_mutex_lock(&inbox->lock);
}

static void leave(struct procspawn__inbox *inbox) UNLOCKS(inbox_lock)
{
    pthread_mutex_unlock(&inbox->lock);
}

int procspawn__inbox_open(struct procspawn__inbox *inbox)
    NO_THREAD_SAFETY_ANALYSIS("no other thread knows it")
{
    list_init(&inbox->arrivals);
    pthread_mutex_init(&inbox->lock, NULL);
    return procspawn__alarm_open(&inbox->alarm);
}

void procspawn__inbox_close(struct procspawn__inbox *inbox)
    NO_THREAD_SAFETY_ANALYSIS("no other thread uses it")
{
    procspawn__alarm_close(&inbox->alarm);
    pthread_mutex_destroy(&inbox->lock);
}

int procspawn__inbox_fd(struct procspawn__inbox *inbox, bool *ret_is_new)
{
    int rc = 0;

    enter(inbox);
    *ret_is_new = !base__fd_is_ours(inbox->alarm.fd);
    if (*ret_is_new) {
        procspawn__alarm_close(&inbox->alarm);
        rc = procspawn__alarm_open(&inbox->alarm);
    }
    int fd = inbox->alarm.fd;
    leave(inbox);
    return rc < 0 ? rc : fd;
}

void procspawn__inbox_put(struct procspawn__inbox *inbox, struct list *item)
{
    enter(inbox);
    list_append(&inbox->arrivals, item);
    procspawn__alarm_set(&inbox->alarm, 0);
    leave(inbox);
}

void procspawn__inbox_withdraw(struct procspawn__inbox *inbox, struct list *item)
{
    enter(inbox);
    list_remove(item);
    leave(inbox);
}

struct list *procspawn__inbox_take(struct procspawn__inbox *inbox)
{
    struct list *item = NULL;

    enter(inbox);
    if (!list_empty(&inbox->arrivals)) {
        item = inbox->arrivals.next;
        list_remove(item);
    }
    leave(inbox);
    return item;
}

void procspawn__inbox_ring(struct procspawn__inbox *inbox)
{
    enter(inbox);
    procspawn__alarm_set(&inbox->alarm, 0);
    leave(inbox);
}

void procspawn__inbox_advance(struct procspawn__inbox *inbox, int64_t at)
{
    enter(inbox);
    if (at < inbox->alarm.at)
        procspawn__alarm_set(&inbox->alarm, at);
    leave(inbox);
}

void procspawn__inbox_rest(struct procspawn__inbox *inbox, int64_t until)
{
    enter(inbox);
    procspawn__alarm_set(&inbox->alarm, list_empty(&inbox->arrivals) ? until : 0);
    leave(inbox);
}
