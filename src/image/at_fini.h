/*
 * at_fini.h - objects that procspawn_fini() ends before the servers, for instance pools
 *
 * All functions but procspawn__at_fini_forget take the list's lock and hold it while they call
 * close and join.
 */
#ifndef FORKSCOPE_IMAGE_AT_FINI_H
#define FORKSCOPE_IMAGE_AT_FINI_H

#include "src/base/list.h"
#include <stdint.h>

/* A member of the object to be ended, which owns the memory. */
struct procspawn__at_fini {
    struct list link;
    void (*close)(struct procspawn__at_fini *self);     /* from now on starts no process */
    /* Waits until its processes are gone. 0; -ETIMEDOUT at the deadline: may be called again. */
    int (*join)(struct procspawn__at_fini *self, int64_t deadline);
};

void procspawn__at_fini_add(struct procspawn__at_fini *item);
void procspawn__at_fini_remove(struct procspawn__at_fini *item);

void procspawn__at_fini_close_all(void);
/* Returns 0, or the error of the first member that fails; the members behind it are not joined. */
int procspawn__at_fini_join_all(int64_t deadline);
/* In a child by fork(2): resets the lock and the list, whose members belong to the parent. */
void procspawn__at_fini_forget(void);

#endif
