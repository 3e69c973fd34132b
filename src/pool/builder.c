/*
 * builder.c - the setters of procspawn_pool_builder
 */
#include "src/pool/builder.h"

#include "src/wire/call.h"
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

procspawn_pool_builder *procspawn_pool_builder_new(unsigned size)
{
    enum { ATTEMPTS = 10 };
    procspawn_pool_builder *builder = malloc(sizeof *builder);

    if (!builder)
        return NULL;
    *builder = (procspawn_pool_builder){
        .config = { .minimum = size, .maximum = size, .attempts = ATTEMPTS },
        .process = procspawn_builder_new(),
    };
    if (builder->process)
        return builder;
    free(builder);
    return NULL;
}

void procspawn_pool_builder_free(procspawn_pool_builder *builder)
{
    if (!builder)
        return;
    procspawn_builder_free(builder->process);
    json_decref(builder->argument);
    free(builder);
}

procspawn_builder *procspawn_pool_builder_process(procspawn_pool_builder *builder)
{
    return builder->process;
}

int procspawn_pool_builder_env(procspawn_pool_builder *builder, const char *name, const char *value)
{
    return procspawn_builder_env(builder->process, name, value);
}

int procspawn_pool_builder_envs(procspawn_pool_builder *builder, char *const *variables)
{
    return procspawn_builder_envs(builder->process, variables);
}

int procspawn_pool_builder_env_remove(procspawn_pool_builder *builder, const char *name)
{
    return procspawn_builder_env_remove(builder->process, name);
}

int procspawn_pool_builder_env_clear(procspawn_pool_builder *builder)
{
    return procspawn_builder_env_clear(builder->process);
}

void procspawn_pool_builder_uid(procspawn_pool_builder *builder, uid_t uid)
{
    procspawn_builder_uid(builder->process, uid);
}

void procspawn_pool_builder_gid(procspawn_pool_builder *builder, gid_t gid)
{
    procspawn_builder_gid(builder->process, gid);
}

void procspawn_pool_builder_hook(procspawn_pool_builder *builder, int (*hook)(void *),
                                 void *argument)
{
    procspawn_builder_hook(builder->process, hook, argument);
}

void procspawn_pool_builder_pre_exec(procspawn_pool_builder *builder, int (*hook)(void *),
                                     void *argument)
{
    procspawn_pool_builder_hook(builder, hook, argument);
}

void procspawn_pool_builder_disable_stdin(procspawn_pool_builder *builder)
{
    procspawn_builder_stdin(builder->process, PROCSPAWN_STDIO_NULL, -1);
}

void procspawn_pool_builder_disable_stdout(procspawn_pool_builder *builder)
{
    procspawn_builder_stdout(builder->process, PROCSPAWN_STDIO_NULL, -1);
}

void procspawn_pool_builder_disable_stderr(procspawn_pool_builder *builder)
{
    procspawn_builder_stderr(builder->process, PROCSPAWN_STDIO_NULL, -1);
}

void procspawn_pool_builder_minimum(procspawn_pool_builder *builder, unsigned minimum,
                                    int64_t idle_limit)
{
    builder->config.minimum = minimum;
    builder->config.idle_limit = idle_limit;
}

void procspawn_pool_builder_recycle_after_calls(procspawn_pool_builder *builder, uint64_t calls)
{
    builder->config.recycle_calls = calls;
}

void procspawn_pool_builder_recycle_above_bytes(procspawn_pool_builder *builder, uint64_t bytes)
{
    builder->config.recycle_bytes = bytes;
}

void procspawn_pool_builder_attempts(procspawn_pool_builder *builder, unsigned attempts)
{
    builder->config.attempts = attempts;
}

void procspawn_pool_builder_initializer(procspawn_pool_builder *builder,
                                        procspawn_function *function, json_t *argument)
{
    json_incref(argument);
    json_decref(builder->argument);
    builder->initializer = function;
    builder->argument = argument;
}

void procspawn_pool_builder_queue_limit(procspawn_pool_builder *builder, unsigned calls)
{
    builder->config.queue_limit = calls;
}

void procspawn_pool_builder_fresh(procspawn_pool_builder *builder)
{
    builder->config.fresh = true;
}

void procspawn_pool_builder_fresh_hook(procspawn_pool_builder *builder, void (*hook)(void *),
                                       void *argument)
{
    builder->config.fresh_hook = hook;
    builder->config.fresh_argument = argument;
}

void procspawn__pool_config_fresh(const struct procspawn__pool_config *config,
                                  enum wire_fresh when, struct wire_call *call)
{
    if (!config->fresh)
        return;
    call->fresh = when;
    call->fresh_hook = (uint64_t)(uintptr_t)config->fresh_hook;
    call->fresh_argument = (uint64_t)(uintptr_t)config->fresh_argument;
}

void procspawn_pool_builder_result_limit(procspawn_pool_builder *builder, uint64_t bytes)
{
    procspawn_builder_result_limit(builder->process, bytes);
}

int procspawn_pool_builder_result_depth(procspawn_pool_builder *builder, unsigned depth)
{
    return procspawn_builder_result_depth(builder->process, depth);
}
