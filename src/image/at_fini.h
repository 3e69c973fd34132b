/*
 * at_fini.h - objects that procspawn_fini() ends before the servers, for instance pools
 *
 * The list's lock is held while close is called, but not while join is: other threads may add and
 * remove objects meanwhile.
 */
#ifndef FORKSCOPE_IMAGE_AT_FINI_H
#define FORKSCOPE_IMAGE_AT_FINI_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include <stdbool.h>
#include <stdint.h>

extern struct base__lock registry_lock;

/* A member of the object to be ended, which owns the memory. */
struct procspawn__at_fini {
    struct list link;
    void (*close)(struct procspawn__at_fini *self);     /* from now on starts no process */
    /*
     * Waits until its processes are gone. 0; -ETIMEDOUT at the deadline: may be called again.
     * Called by one thread at a time, and never again after 0.
     */
    int (*join)(struct procspawn__at_fini *self, int64_t deadline);
    /* the list's own: a thread starts or joins it; it is joined */
    bool claimed GUARDED_BY(registry_lock), joined GUARDED_BY(registry_lock);
};

/*
 * Adds an object that is about to start: from now on it may be closed, but it is not joined before
 * procspawn__at_fini_release. If the start fails it is withdrawn. 0, or PROCSPAWN_ENOTINIT after
 * procspawn__at_fini_close_all.
 */
int procspawn__at_fini_add(struct procspawn__at_fini *item);
void procspawn__at_fini_release(struct procspawn__at_fini *item);
void procspawn__at_fini_withdraw(struct procspawn__at_fini *item);
/*
 * Joins the item, or waits until the thread that joins it has done so, and removes it. 0, or an
 * error of join: then it is still in the list.
 */
int procspawn__at_fini_remove(struct procspawn__at_fini *item, int64_t deadline);

/* Closes all, and takes no more until procspawn__at_fini_reopen. */
void procspawn__at_fini_close_all(void);
/* Returns 0, or the error of the first member that fails; the members behind it are not joined. */
int procspawn__at_fini_join_all(int64_t deadline);
void procspawn__at_fini_reopen(void);
/* In a child by fork(2): resets the lock and the list, whose members belong to the parent. */
void procspawn__at_fini_forget(void);

#endif
