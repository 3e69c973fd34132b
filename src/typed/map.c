/*
 * map.c - a typed function for each item of an array
 */
#include "src/base/thread.h"
#include "src/error/error.h"
#include "src/map/map.h"
#include "src/typed/typed.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/typed.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct job {
    const struct procspawn__mapping *mapping;
    size_t next;                /* item that is packed next */
    unsigned char *results;     /* the caller gets all or none */
    bool *made;                 /* which of them there are */
    procspawn_error *error;     /* of an item or a result that was refused */
};

static int refuse(struct job *job, procspawn_error *error, size_t index)
{
    procspawn__error_set_index(error, index);
    job->error = error;
    return procspawn_error_code(error);
}

static int pack(struct job *job, json_t **ret_item)
{
    const struct procspawn__mapping *mapping = job->mapping;
    struct procspawn__packing packing;

    procspawn__pack_begin(&packing);
    if (packing.status == 0)
        mapping->pack(mapping->items, job->next, &packing);
    if (packing.status == 0) {
        job->next++;
        *ret_item = packing.array;
        return 0;
    }
    procspawn_error *error = procspawn__error_of_argument(&packing, mapping->function);
    procspawn__pack_drop(&packing);
    return refuse(job, error, job->next);
}

/* Functions of a user's type run with cancellation off: what they make is not lost. */
static int next_item(json_t **ret_item, void *argument)
{
    struct job *job = argument;

    if (job->next == job->mapping->count)
        return -ENODATA;
    bool was_cancelable = base__cancelable(false);
    int rc = pack(job, ret_item);
    base__cancelable(was_cancelable);
    return rc;
}

static int unpack(struct job *job, size_t index, json_t *value)
{
    const struct procspawn__mapping *mapping = job->mapping;
    procspawn_error *error;

    if (!mapping->unpack)
        return 0;
    int rc = mapping->unpack(value, job->results + index * mapping->size);
    job->made[index] = rc == 0;
    if (rc == 0)
        return 0;
    if (!procspawn__unpack_refuse(mapping->function, rc, &error))
        return -ENOMEM;
    return refuse(job, error, index);
}

static int keep_result(size_t index, struct procspawn_result *result, void *argument)
{
    if (result->status < 0)
        return result->status;
    bool was_cancelable = base__cancelable(false);
    int rc = unpack(argument, index, result->value);
    base__cancelable(was_cancelable);
    return rc;
}

static bool open_job(struct job *job)
{
    const struct procspawn__mapping *mapping = job->mapping;
    size_t count = mapping->count > 0 ? mapping->count : 1;

    if (!mapping->unpack)
        return true;
    job->results = calloc(count, mapping->size);
    job->made = calloc(count, sizeof *job->made);
    return job->results && job->made;
}

/* Gives the results away. */
static void give(struct job *job)
{
    const struct procspawn__mapping *mapping = job->mapping;

    if (!mapping->ret_results || mapping->count == 0)
        return;
    memcpy(mapping->ret_results, job->results, mapping->count * mapping->size);
    free(job->made);
    job->made = NULL;
}

static void close_job(void *argument)
{
    struct job *job = argument;
    const struct procspawn__mapping *mapping = job->mapping;
    bool was_cancelable = base__cancelable(false);

    for (size_t i = 0; job->results && job->made && i < mapping->count; i++) {
        if (job->made[i])
            mapping->release(job->results + i * mapping->size);
    }
    free(job->results);
    free(job->made);
    procspawn_error_free(job->error);
    base__cancelable(was_cancelable);
}

/* Always sets *ret_error when it fails. */
static int run(struct job *job, const struct procspawn_map_options *options,
               procspawn_error **ret_error)
{
    const struct procspawn__mapping *mapping = job->mapping;
    struct procspawn_map_options unordered = { 0 };

    if (!open_job(job)) {
        *ret_error = procspawn__error_of_code(-ENOMEM);
        return -ENOMEM;
    }
    if (options)
        unordered = *options;
    /* The sink gets results as they come, so the failure that happens first ends the map. */
    unordered.unordered = true;
    int rc = procspawn__map_counted(&unordered, mapping->entry, next_item, keep_result, job,
                                    mapping->count, ret_error);
    if (rc < 0 && job->error) {
        procspawn_error_free(*ret_error);
        *ret_error = job->error;
        job->error = NULL;
    }
    return rc;
}

int procspawn__map_items(const struct procspawn__mapping *mapping,
                         const struct procspawn_map_options *options, procspawn_error **ret_error)
{
    struct job job = { .mapping = mapping };
    procspawn_error *error = NULL;
    int rc;

    pthread_cleanup_push(close_job, &job);
    rc = run(&job, options, &error);
    pthread_cleanup_pop(0);
    if (rc == 0)
        give(&job);
    close_job(&job);
    procspawn__error_give(error, ret_error);
    return rc;
}
