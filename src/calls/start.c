/*
 * start.c - procspawn_start: a call with options, of any kind
 */
#include "src/base/thread.h"
#include "src/call/spawn.h"
#include "src/calls/options.h"
#include "src/pool/spawn.h"
#include "src/tree/process.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

static const struct procspawn_call_options no_options;

static int start(const struct procspawn_call_options *options, procspawn_function *function,
                 json_t *argument, procspawn_handle **ret_handle)
{
    int rc = procspawn__options_check(options, argument);
    if (rc < 0)
        return rc;
    if (options->scope)
        return procspawn__scoped_start(*options->scope, options, function, argument, ret_handle,
                                       NULL);
    if (options->pool)
        return procspawn__pool_spawn(options->pool, options, function, argument, ret_handle);
    return procspawn__spawn(options, function, argument, ret_handle);
}

static void unwound_in_start(void *argument)
{
    base__stack_unwound();
    json_decref(argument);
}

static int start_and_release(const struct procspawn_call_options *options,
                             procspawn_function *function, json_t *argument, json_t *taken,
                             procspawn_handle **ret_handle)
{
    int rc;

    pthread_cleanup_push(unwound_in_start, taken);
    rc = start(options, function, argument, ret_handle);
    pthread_cleanup_pop(0);
    json_decref(taken);
    return rc;
}

int procspawn_start(const struct procspawn_call_options *options, procspawn_function *function,
                    json_t *argument, procspawn_handle **ret_handle)
{
    if (!options)
        options = &no_options;
    return start_and_release(options, function, argument,
                             options->take_argument ? argument : NULL, ret_handle);
}
