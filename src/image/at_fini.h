/*
 * at_fini.h - what procspawn_fini() ends before the servers
 */
#ifndef FORKSCOPE_IMAGE_AT_FINI_H
#define FORKSCOPE_IMAGE_AT_FINI_H

#include "src/base/list.h"
#include <stdint.h>

/* A part of what is to be ended. */
struct procspawn__at_fini {
    struct list link;
    void (*close)(struct procspawn__at_fini *self);     /* it starts nothing any more */
    /* When all processes are gone. 0 or -ETIMEDOUT at the deadline: it is called again. */
    int (*join)(struct procspawn__at_fini *self, int64_t deadline);
};

void procspawn__at_fini_add(struct procspawn__at_fini *item);
void procspawn__at_fini_remove(struct procspawn__at_fini *item);

void procspawn__at_fini_close_all(void);
/* Stops at the first that fails: 0 or -ETIMEDOUT. */
int procspawn__at_fini_join_all(int64_t deadline);
/* In a copy of the process by fork(2): what was entered belongs to the other process. */
void procspawn__at_fini_forget(void);

#endif
