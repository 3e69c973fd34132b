/*
 * attributes.h - attributes of an executor's threads: checked once, when the executor is created
 */
#ifndef FORKSCOPE_EXECUTOR_ATTRIBUTES_H
#define FORKSCOPE_EXECUTOR_ATTRIBUTES_H

#include <forkscope/executor.h>
#include <pthread.h>

struct attributes {
    pthread_attr_t attr;
    char name[16];      /* empty: inherited */
};

/* Copies `wanted` (NULL: defaults). Returns 0, -EINVAL or -ENOMEM. */
int executor__attributes_init(struct attributes *attributes,
                              const struct scoped_thread_attributes *wanted);
void executor__attributes_fini(struct attributes *attributes);

/* Called by the new thread: sets its name, which a pthread_attr_t cannot hold. */
void executor__attributes_apply(const struct attributes *attributes);

#endif
