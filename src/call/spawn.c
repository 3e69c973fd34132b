/*
 * spawn.c - procspawn: a call in a process of its own, started at once
 */
#include "src/call/spawn.h"

#include "src/call/builder.h"
#include "src/call/launch.h"
#include <forkscope/call.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <stddef.h>

static int spawn(const procspawn_builder *builder, procspawn_function *function,
                 const json_t *argument, procspawn_handle **ret_handle)
{
    struct procspawn__launch launch;
    int rc = procspawn__launch_describe(&launch, builder, function, argument);

    if (rc == 0)
        rc = procspawn__launch_start(&launch, ret_handle);
    procspawn__launch_fini(&launch);
    return rc;
}

int procspawn_builder_spawn(procspawn_builder *builder, procspawn_function *function,
                            json_t *argument, procspawn_handle **ret_handle)
{
    int cancel;

    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(builder, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__spawn(const struct procspawn_call_options *options, procspawn_function *function,
                     json_t *argument, procspawn_handle **ret_handle)
{
    procspawn_builder changed;
    procspawn_builder *builder = procspawn__builder_with(options, &changed);

    return procspawn_builder_spawn(builder, function, argument, ret_handle);
}

int procspawn(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle)
{
    return procspawn_builder_spawn(NULL, function, argument, ret_handle);
}
