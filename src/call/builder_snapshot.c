/*
 * builder_snapshot.c - a deep copy of a builder, with the environment of the time of the copy
 *
 * It depends neither on the caller's builder nor on environ, which another thread may change later.
 */
#include "src/call/builder_snapshot.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include <errno.h>
#include <forkscope/procspawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_strings(char **strings)
{
    for (char **string = strings; string && *string; string++)
        free(*string);
    free(strings);
}

void procspawn__builder_free_copy(procspawn_builder *copy)
{
    if (!copy)
        return;
    for (int i = 0; i < 3; i++) {
        if (copy->stdio[i].mode == PROCSPAWN_STDIO_FD)
            base__fd_close(copy->stdio[i].fd);
    }
    free_strings(copy->environment);
    procspawn_builder_free(copy);
}

/* Returns an array that ends with NULL; NULL without memory. */
static char **copy_strings(char *const *strings, size_t count)
{
    char **copy = calloc(count + 1, sizeof *copy);

    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(strings[i]);
        if (!copy[i]) {
            free_strings(copy);
            return NULL;
        }
    }
    return copy;
}

static int own_environment(procspawn_builder *copy, const procspawn_builder *builder)
{
    size_t count = 0;

    while (environ && environ[count])
        count++;
    copy->environment = copy_strings(environ, count);
    copy->changes = copy_strings(builder->changes, builder->change_count);
    copy->change_count = copy->changes ? builder->change_count : 0;
    return copy->environment && copy->changes ? 0 : -ENOMEM;
}

static int own_streams(procspawn_builder *copy)
{
    int rc = 0;

    for (int i = 0; i < 3; i++) {
        struct procspawn__stream *stream = &copy->stdio[i];
        if (stream->mode != PROCSPAWN_STDIO_FD)
            continue;
        stream->fd = rc == 0 ? base__fd_copy(stream->fd) : -1;
        if (stream->fd < 0 && rc == 0)
            rc = stream->fd;
    }
    return rc;
}

static int own_strings(procspawn_builder *copy, const procspawn_builder *builder)
{
    copy->cwd = builder->cwd ? strdup(builder->cwd) : NULL;
    copy->name = builder->name ? strdup(builder->name) : NULL;
    return (builder->cwd && !copy->cwd) || (builder->name && !copy->name) ? -ENOMEM : 0;
}

int procspawn__builder_copy(const procspawn_builder *builder, procspawn_builder **ret_copy)
{
    procspawn_builder *copy = malloc(sizeof *copy);

    if (!copy)
        return -ENOMEM;
    *copy = *builder;
    copy->environment = copy->changes = NULL;
    copy->change_count = 0;
    copy->cwd = copy->name = NULL;
    int rc = procspawn__sandbox_copy(&builder->sandbox, &copy->sandbox);
    if (rc == 0)
        rc = own_streams(copy);
    if (rc == 0)
        rc = own_strings(copy, builder);
    if (rc == 0)
        rc = own_environment(copy, builder);
    if (rc == 0)
        *ret_copy = copy;
    else
        procspawn__builder_free_copy(copy);
    return rc;
}
