/*
 * set.c - completion sets: made, counted, configured
 */
#include "src/base/thread.h"
#include "src/completion/inbox.h"
#include "src/completion/lane.h"
#include "src/completion/state.h"
#include "src/completion/watch.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <stddef.h>

static int open_set(procspawn_set *set)
{
    int rc = procspawn__inbox_open(&set->inbox);
    return rc < 0 ? rc : procspawn__watch_open(set);
}

int procspawn_set_new(procspawn_set **ret_set)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn_set *set = procspawn__set_new();
    int rc = set ? open_set(set) : -ENOMEM;
    if (rc == 0) {
        procspawn_set_max_running(set, base__processors());
        *ret_set = set;
    } else if (set) {
        procspawn__set_destroy(set);
    }
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn_set_max_running(procspawn_set *set, unsigned count)
{
    int cancel;

    if (!procspawn__set_is_ours(set))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__set_enter(set);
    set->processes.places = count > 0 ? count : 1;
    if (procspawn__lane_next(&set->processes, INT64_MAX))
        procspawn__inbox_ring(&set->inbox);
    procspawn__set_leave(set);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn_set_fd(const procspawn_set *set)
{
    return procspawn__set_is_ours(set) ? set->epoll : -1;
}

size_t procspawn_set_count(procspawn_set *set)
{
    if (!procspawn__set_is_ours(set))
        return 0;
    procspawn__set_enter(set);
    size_t count = set->count;
    procspawn__set_leave(set);
    return count;
}
