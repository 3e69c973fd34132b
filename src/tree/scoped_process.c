/*
 * scoped_process.c - what the supervisor task of a process and the holder of its handle share
 */
#include "src/tree/scoped_process.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/outcome.h"
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * The count is guarded by the lock and not atomic: the thread sanitizer of a program sees the locks
 * of a library that is built without it, but not its atomic operations.
 */
void procspawn__scoped_process_drop(struct scoped_process *shared)
{
    procspawn__scoped_process_enter(shared);
    bool last = --shared->references == 0;
    procspawn__scoped_process_leave(shared);
    if (!last)
        return;
    procspawn_handle_free(shared->process);
    procspawn__outcome_fini(&shared->outcome);
    pthread_mutex_destroy(&shared->lock);
    base__fd_close(shared->answered);
    base__fd_close(shared->gone);
    free(shared->name);
    free(shared);
}

struct scoped_process *procspawn__scoped_process_new(const procspawn_builder *builder)
    NO_THREAD_SAFETY_ANALYSIS("no other thread knows it")
{
    struct scoped_process *shared = calloc(1, sizeof *shared);

    if (!shared)
        return NULL;
    shared->references = 1;
    shared->grace = builder && builder->has_grace ? builder->grace : -1;
    pthread_mutex_init(&shared->lock, NULL);
    shared->answered = base__event();
    shared->gone = base__event();
    if (builder && builder->name)
        shared->name = strdup(builder->name);
    if (builder && builder->name && !shared->name) {
        procspawn__scoped_process_drop(shared);
        return NULL;
    }
    return shared;
}
