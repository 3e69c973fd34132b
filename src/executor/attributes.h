/*
 * attributes.h - what threads are made with, checked once and shared by all
 */
#ifndef FORKSCOPE_SCOPE_ATTRIBUTES_H
#define FORKSCOPE_SCOPE_ATTRIBUTES_H

#include <forkscope/executor.h>
#include <pthread.h>

struct attributes {
    pthread_attr_t attr;
    char name[16];      /* empty: inherited */
};

/* 0, -EINVAL or -ENOMEM. */
int scoped__attributes_init(struct attributes *attributes,
                            const struct scoped_thread_attributes *wanted);
void scoped__attributes_fini(struct attributes *attributes);

/* By the new thread itself: what an attribute object cannot say. */
void scoped__attributes_apply(const struct attributes *attributes);

#endif
