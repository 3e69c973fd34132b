/*
 * call.c - calls in one line: started, awaited and freed
 */
#include "src/calls/attend.h"
#include "src/error/error.h"
#include "src/pool/spawn.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

static int give_error(procspawn_error *error, procspawn_error **ret_error)
{
    int code = procspawn_error_code(error);

    procspawn__error_give(error, ret_error);
    return code;
}

static int call(const struct procspawn_call_options *options, procspawn_function *function,
                json_t *argument, json_t **ret_result, procspawn_error **ret_error)
{
    struct procspawn__ending ending;
    procspawn_handle *handle;
    int rc = procspawn_start(options, function, argument, &handle);

    if (rc < 0)
        return give_error(procspawn__error_of_start(rc, function), ret_error);
    rc = procspawn__attend_or_kill(handle, false, &ending);
    if (rc != -ECANCELED)
        procspawn_handle_free(handle);
    if (ending.error)
        return give_error(ending.error, ret_error);
    if (ret_result)
        *ret_result = ending.value;
    else
        json_decref(ending.value);
    return 0;
}

int procspawn_call(procspawn_function *function, json_t *argument, json_t **ret_result,
                   procspawn_error **ret_error)
{
    return call(NULL, function, argument, ret_result, ret_error);
}

int procspawn_call_take(procspawn_function *function, json_t *argument, json_t **ret_result,
                        procspawn_error **ret_error)
{
    const struct procspawn_call_options options = { .take_argument = true };
    return call(&options, function, argument, ret_result, ret_error);
}

int procspawn_pool_call(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                        json_t **ret_result, procspawn_error **ret_error)
{
    const struct procspawn_call_options options = { .pool = procspawn__pool_or_absent(pool) };
    return call(&options, function, argument, ret_result, ret_error);
}

int procspawn_pool_call_take(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                             json_t **ret_result, procspawn_error **ret_error)
{
    const struct procspawn_call_options options = { .pool = procspawn__pool_or_absent(pool),
                                                    .take_argument = true };
    return call(&options, function, argument, ret_result, ret_error);
}

int scoped_procspawn_call(scoped_spawner spawner, procspawn_function *function, json_t *argument,
                          json_t **ret_result, procspawn_error **ret_error)
{
    const struct procspawn_call_options options = { .scope = &spawner };
    return call(&options, function, argument, ret_result, ret_error);
}
