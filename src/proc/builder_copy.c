/*
 * builder_copy.c - a builder for later: it depends neither on the caller's builder nor on what
 * another thread may be writing by then
 */
#include "src/proc/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

void procspawn__builder_free_copy(procspawn_builder *copy)
{
    for (int i = 0; copy && i < 3; i++) {
        if (copy->stdio[i].mode == PROCSPAWN_STDIO_FD && copy->stdio[i].fd >= 0)
            close(copy->stdio[i].fd);
    }
    procspawn_builder_free(copy);
}

static int add(procspawn_builder *copy, const char *change)
{
    copy->changes[copy->change_count] = strdup(change);
    return copy->changes[copy->change_count++] ? 0 : -ENOMEM;
}

/* The environment of now, as changes to an empty one, and the builder's changes behind it. */
static int freeze_environment(procspawn_builder *copy, const procspawn_builder *builder)
{
    size_t count = 1;
    int rc;

    for (char **variable = environ; variable && *variable; variable++)
        count++;
    copy->changes = calloc(count + builder->change_count, sizeof *copy->changes);
    if (!copy->changes)
        return -ENOMEM;
    rc = add(copy, "");
    for (size_t i = 0; i + 1 < count && rc == 0; i++)
        rc = add(copy, environ[i]);
    for (size_t i = 0; i < builder->change_count && rc == 0; i++)
        rc = add(copy, builder->changes[i]);
    return rc;
}

static int own_streams(procspawn_builder *copy)
{
    int rc = 0;

    for (int i = 0; i < 3; i++) {
        struct procspawn__stream *stream = &copy->stdio[i];
        if (stream->mode != PROCSPAWN_STDIO_FD)
            continue;
        stream->fd = rc == 0 ? fcntl(stream->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
        if (stream->fd < 0 && rc == 0)
            rc = -errno;
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
    copy->changes = NULL;
    copy->change_count = 0;
    copy->cwd = copy->name = NULL;
    int rc = own_streams(copy);
    if (rc == 0)
        rc = own_strings(copy, builder);
    if (rc == 0)
        rc = freeze_environment(copy, builder);
    if (rc == 0)
        *ret_copy = copy;
    else
        procspawn__builder_free_copy(copy);
    return rc;
}
