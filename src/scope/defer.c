/*
 * defer.c - functions that run and resources that are released when a task ends
 */
#include "src/scope/defer.h"

#include "src/scope/wait.h"

#include <errno.h>
#include <stdlib.h>

struct deferred {
    struct deferred *before;
    void (*function)(void *arg);        /* or */
    scoped_release_function *release;
    void *arg;
    intptr_t resource;
};

static void run(struct deferred *deferred)
{
    if (deferred->release != NULL)
        deferred->release(deferred->resource);
    else
        deferred->function(deferred->arg);
    free(deferred);
}

void scoped__run_deferred(struct activation *activation)
{
    struct deferred *last;
    while ((last = activation->deferred) != NULL) {
        activation->deferred = last->before;
        run(last);
    }
}

static void push(struct activation *activation, struct deferred *deferred)
{
    deferred->before = activation->deferred;
    activation->deferred = deferred;
}

int scoped_defer(void (*function)(void *arg), void *arg)
{
    struct activation *activation = scoped__activation();
    if (activation->node == NULL)
        return -EPERM;
    struct deferred *deferred = malloc(sizeof *deferred);
    if (deferred == NULL)
        return -ENOMEM;
    *deferred = (struct deferred){ .function = function, .arg = arg };
    push(activation, deferred);
    return 0;
}

/*
 * The record is allocated before the resource is acquired, so that a resource is never left without
 * one.
 */
static int acquire_uncancelled(struct activation *activation, scoped_acquire_function *acquire,
                               void *arg, scoped_release_function *release,
                               intptr_t *ret_resource)
{
    struct deferred *deferred = malloc(sizeof *deferred);
    if (deferred == NULL)
        return -ENOMEM;
    intptr_t resource = acquire(arg);
    if (resource < 0) {
        free(deferred);
        return (int)resource;
    }
    *deferred = (struct deferred){ .release = release, .resource = resource };
    push(activation, deferred);
    *ret_resource = resource;
    return 0;
}

int scoped_acquire(scoped_acquire_function *acquire, void *arg, scoped_release_function *release,
                   intptr_t *ret_resource)
{
    struct activation *activation = scoped__activation();
    if (activation->node == NULL)
        return -EPERM;
    int error = scoped_checkpoint();
    if (error < 0)
        return error;
    struct wait section = scoped__uncancelled_begin();
    error = acquire_uncancelled(activation, acquire, arg, release, ret_resource);
    scoped__uncancelled_end(section);
    return error;
}

int scoped_release(intptr_t resource, scoped_release_function *release)
{
    struct activation *activation = scoped__activation();
    if (activation->node == NULL)
        return -EPERM;
    struct deferred **place = &activation->deferred;
    while (*place != NULL && ((*place)->release != release || (*place)->resource != resource))
        place = &(*place)->before;
    struct deferred *found = *place;
    if (found == NULL)
        return -ENOENT;
    struct wait section = scoped__uncancelled_begin();
    *place = found->before;
    run(found);
    scoped__uncancelled_end(section);
    return 0;
}
