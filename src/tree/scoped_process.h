/*
 * scoped_process.h - what the supervisor task of a process and the holder of its handle share
 */
#ifndef FORKSCOPE_TREE_SCOPED_PROCESS_H
#define FORKSCOPE_TREE_SCOPED_PROCESS_H

#include "src/call/handle.h"
#include "src/call/outcome.h"
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* The last of the two that drops it frees it. */
struct scoped_process {
    procspawn_handle *process;      /* only the supervisor waits on it; any thread may end it */
    int64_t grace;                  /* negative: the scope's */
    char *name;                     /* NULL: none */
    pthread_mutex_t lock;           /* guards what follows */
    unsigned references;
    bool passed_on, has_gone;
    struct procspawn__outcome outcome;
    int gone_status;
    struct rusage usage;
    int answered;                   /* eventfd, raised after passed_on is set */
    int gone;                       /* eventfd, raised after has_gone is set */
};

/* Returns the state of a process that is still to be started; NULL without memory. */
struct scoped_process *procspawn__scoped_process_new(const procspawn_builder *builder);
void procspawn__scoped_process_drop(struct scoped_process *shared);

#endif
