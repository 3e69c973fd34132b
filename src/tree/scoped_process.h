/*
 * scoped_process.h - what the supervisor task of a process and the holder of its handle share
 */
#ifndef FORKSCOPE_TREE_SCOPED_PROCESS_H
#define FORKSCOPE_TREE_SCOPED_PROCESS_H

#include "src/base/guarded.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

extern struct base__lock shared_lock;

/* The last of the two that drops it frees it. */
struct scoped_process {
    procspawn_handle *process;      /* only the supervisor waits on it; any thread may end it */
    int64_t grace;                  /* negative: the scope's */
    char *name;                     /* NULL: none */
    pthread_mutex_t lock;           /* guards what follows */
    unsigned references GUARDED_BY(shared_lock);
    bool passed_on GUARDED_BY(shared_lock), has_gone GUARDED_BY(shared_lock);
    struct procspawn__outcome outcome GUARDED_BY(shared_lock);
    int gone_status GUARDED_BY(shared_lock);
    struct rusage usage GUARDED_BY(shared_lock);
    int answered;                   /* eventfd, raised after passed_on is set */
    int gone;                       /* eventfd, raised after has_gone is set */
};

static inline void procspawn__scoped_process_enter(struct scoped_process *shared) LOCKS(shared_lock)
{
    pthread_mutex_lock(&shared->lock);
}

static inline void procspawn__scoped_process_leave(struct scoped_process *shared)
    UNLOCKS(shared_lock)
{
    pthread_mutex_unlock(&shared->lock);
}

/* Returns the state of a process that is still to be started; NULL without memory. */
struct scoped_process *procspawn__scoped_process_new(const procspawn_builder *builder);
void procspawn__scoped_process_drop(struct scoped_process *shared);

#endif
