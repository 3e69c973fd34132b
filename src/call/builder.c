/*
 * builder.c - the setters of procspawn_builder
 */
#include "src/call/builder.h"

#include "src/value/footprint.h"
#include "src/value/placeholder.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/output.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>

static const procspawn_builder defaults = {
    .stdio = { { PROCSPAWN_STDIO_INHERIT, -1 }, { PROCSPAWN_STDIO_INHERIT, -1 },
               { PROCSPAWN_STDIO_INHERIT, -1 } },
    .limit = PROCSPAWN__LIMIT_DEFAULT,
};

procspawn_builder *procspawn_builder_new(void)
{
    procspawn_builder *builder = malloc(sizeof *builder);

    if (builder)
        *builder = defaults;
    return builder;
}

procspawn_builder *procspawn__builder_with(const struct procspawn_call_options *options,
                                           procspawn_builder *ret_changed)
{
    if (options->run_limit == 0 && options->total_limit == 0 && options->capture_limit == 0 &&
        !options->input)
        return options->builder;
    *ret_changed = options->builder ? *options->builder : defaults;
    if (options->run_limit > 0)
        ret_changed->time.run = options->run_limit;
    if (options->total_limit > 0)
        ret_changed->time.total = options->total_limit;
    if (options->capture_limit > 0)
        ret_changed->capture_limit = options->capture_limit;
    ret_changed->input = options->input;
    ret_changed->input_size = options->input_size;
    return ret_changed;
}

static void drop_changes(procspawn_builder *builder)
{
    for (size_t i = 0; i < builder->change_count; i++)
        free(builder->changes[i]);
    free(builder->changes);
    builder->changes = NULL;
    builder->change_count = 0;
}

void procspawn_builder_free(procspawn_builder *builder)
{
    if (!builder)
        return;
    drop_changes(builder);
    procspawn__sandbox_fini(&builder->sandbox);
    free(builder->cwd);
    free(builder->name);
    free(builder);
}

/* Takes the change, also if it fails. */
static int add_change(procspawn_builder *builder, char *change)
{
    if (!change)
        return -ENOMEM;
    char **changes = realloc(builder->changes, (builder->change_count + 1) * sizeof *changes);
    if (!changes) {
        free(change);
        return -ENOMEM;
    }
    builder->changes = changes;
    changes[builder->change_count++] = change;
    return 0;
}

static bool valid_name(const char *name)
{
    return *name != '\0' && !strchr(name, '=');
}

int procspawn_builder_env(procspawn_builder *builder, const char *name, const char *value)
{
    if (!valid_name(name))
        return -EINVAL;
    size_t length = strlen(name) + strlen(value) + 2;
    char *change = malloc(length);
    if (change)
        snprintf(change, length, "%s=%s", name, value);
    return add_change(builder, change);
}

int procspawn_builder_envs(procspawn_builder *builder, char *const *variables)
{
    int rc = 0;

    for (char *const *v = variables; *v; v++) {
        if (**v == '=' || !strchr(*v, '='))
            return -EINVAL;
    }
    for (char *const *v = variables; *v && rc == 0; v++)
        rc = add_change(builder, strdup(*v));
    return rc;
}

int procspawn_builder_env_remove(procspawn_builder *builder, const char *name)
{
    return valid_name(name) ? add_change(builder, strdup(name)) : -EINVAL;
}

int procspawn_builder_env_clear(procspawn_builder *builder)
{
    drop_changes(builder);
    builder->env_cleared = true;
    return 0;
}

void procspawn_builder_uid(procspawn_builder *builder, uid_t uid)
{
    builder->has_uid = true;
    builder->uid = uid;
}

void procspawn_builder_gid(procspawn_builder *builder, gid_t gid)
{
    builder->has_gid = true;
    builder->gid = gid;
}

void procspawn_builder_hook(procspawn_builder *builder, int (*hook)(void *), void *argument)
{
    builder->hook = hook;
    builder->hook_argument = argument;
}

void procspawn_builder_pre_exec(procspawn_builder *builder, int (*hook)(void *), void *argument)
{
    procspawn_builder_hook(builder, hook, argument);
}

void procspawn_builder_stdin(procspawn_builder *builder, enum procspawn_stdio mode, int fd)
{
    builder->stdio[0] = (struct procspawn__stream){ mode, fd };
}

void procspawn_builder_stdout(procspawn_builder *builder, enum procspawn_stdio mode, int fd)
{
    builder->stdio[1] = (struct procspawn__stream){ mode, fd };
}

void procspawn_builder_stderr(procspawn_builder *builder, enum procspawn_stdio mode, int fd)
{
    builder->stdio[2] = (struct procspawn__stream){ mode, fd };
}

static int replace(char **place, const char *string)
{
    char *copy = strdup(string);
    if (!copy)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

int procspawn_builder_cwd(procspawn_builder *builder, const char *path)
{
    return replace(&builder->cwd, path);
}

int procspawn_builder_name(procspawn_builder *builder, const char *name)
{
    return replace(&builder->name, name);
}

int procspawn_builder_rlimit(procspawn_builder *builder, int resource, const struct rlimit *limit)
{
    if (resource < 0 || resource >= PROCSPAWN__RESOURCES)
        return -EINVAL;
    builder->has_limit[resource] = true;
    builder->limits[resource] = *limit;
    return 0;
}

void procspawn_builder_memory_limit(procspawn_builder *builder, uint64_t bytes)
{
    builder->memory_limit = bytes;
}

static int set_limit(int64_t *limit, int64_t length)
{
    if (length < 0)
        return -EINVAL;
    *limit = length;
    return 0;
}

int procspawn_builder_run_limit(procspawn_builder *builder, int64_t length)
{
    return set_limit(&builder->time.run, length);
}

int procspawn_builder_total_limit(procspawn_builder *builder, int64_t length)
{
    return set_limit(&builder->time.total, length);
}

void procspawn_builder_grace(procspawn_builder *builder, int64_t grace)
{
    builder->has_grace = true;
    builder->grace = grace < 0 ? 0 : grace;
}

void procspawn_builder_may_spawn(procspawn_builder *builder, bool allowed)
{
    builder->childless = !allowed;
}

int procspawn_builder_allow_rights(procspawn_builder *builder, unsigned kinds)
{
    enum { ALL = PROCSPAWN_RIGHTS_ROOT | PROCSPAWN_RIGHTS_NETWORK | PROCSPAWN_RIGHTS_USER |
                 PROCSPAWN_RIGHTS_SECCOMP | PROCSPAWN_RIGHTS_LANDLOCK };

    if (kinds & ~(unsigned)ALL)
        return -EINVAL;
    builder->allowed = kinds;
    return 0;
}

void procspawn_builder_result_limit(procspawn_builder *builder, uint64_t bytes)
{
    builder->limit.bytes = bytes > 0 ? bytes : UINT64_MAX;
}

int procspawn_builder_result_depth(procspawn_builder *builder, unsigned depth)
{
    if (depth == 0 || depth > PROCSPAWN__DEPTH_MAX)
        return -EINVAL;
    builder->limit.depth = depth;
    return 0;
}

void procspawn_builder_capture(procspawn_builder *builder, size_t limit, bool merged)
{
    builder->capture_limit = limit;
    builder->capture_merged = merged;
}
