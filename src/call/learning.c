/*
 * learning.c - the program's side of the learner
 */
#include "src/call/learning.h"

#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/call/builder.h"
#include "src/image/image.h"
#include "src/learn/learned.h"
#include "src/learn/needs.h"
#include "src/learn/path_text.h"
#include "src/sandbox/policy.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <forkscope/error.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct procspawn__learning {
    unsigned references;        /* atomic */
    int socket;                 /* -1: not started, or closed */
    struct procspawn__learned *learned;     /* NULL: not started */
    struct procspawn__sandbox sandbox;
};

bool procspawn__learning_wanted(const procspawn_builder *builder)
{
    return builder && builder->sandbox.denial == PROCSPAWN_DENIAL_LEARN &&
           procspawn__image.config.learning;
}

/* ---- a new one ---- */

/* The working directory of the child. */
static bool find_directory(const procspawn_builder *builder, char ret_directory[PATH_MAX])
{
    char own[PATH_MAX];

    if (builder->cwd && *builder->cwd == '/')
        return procspawn__path_join("/", builder->cwd, ret_directory, PATH_MAX);
    if (!getcwd(own, sizeof own))
        return false;
    return procspawn__path_join(own, builder->cwd ? builder->cwd : "", ret_directory, PATH_MAX);
}

/* A path that is let in as it is compared: from the root. */
static int complete(const char *directory, struct procspawn__sandbox_path *path)
{
    char whole[PATH_MAX];

    if (!procspawn__path_join(directory, path->path, whole, sizeof whole))
        return 0;
    char *copy = strdup(whole);
    if (!copy)
        return -ENOMEM;
    free(path->path);
    path->path = copy;
    return 0;
}

static int complete_all(const procspawn_builder *builder, struct procspawn__sandbox *sandbox)
{
    char directory[PATH_MAX] = "/";
    int rc = 0;

    if (sandbox->path_count > 0)
        find_directory(builder, directory);
    for (uint32_t i = 0; i < sandbox->path_count && rc == 0; i++)
        rc = complete(directory, &sandbox->paths[i]);
    return rc;
}

int procspawn__learning_new(const procspawn_builder *builder,
                            struct procspawn__learning **ret_learning)
{
    struct procspawn__learning *learning = calloc(1, sizeof *learning);

    if (!learning)
        return -ENOMEM;
    learning->references = 1;
    learning->socket = -1;
    int rc = procspawn__sandbox_copy(&builder->sandbox, &learning->sandbox);
    if (rc == 0)
        rc = complete_all(builder, &learning->sandbox);
    if (rc == 0)
        *ret_learning = learning;
    else
        procspawn__learning_drop(learning);
    return rc;
}

/* ---- the learner ---- */

int procspawn__learning_share(struct procspawn__learning *learning)
{
    void *bytes = NULL;

    if (learning->learned)
        return -EALREADY;
    int fd = wire__memfd_share(sizeof *learning->learned, &bytes);
    if (fd < 0)
        return base__refuse(fd, "no memory to learn what the function needs: %s",
                            forkscope_strerror(fd));
    learning->learned = bytes;
    return fd;
}

static void unmap(struct procspawn__learning *learning)
{
    if (learning->learned)
        munmap(learning->learned, sizeof *learning->learned);
    learning->learned = NULL;
}

int procspawn__learning_connect(struct procspawn__learning *learning, int socket)
{
    learning->socket = socket < 0 ? socket : base__fd_own(socket);
    if (learning->socket >= 0)
        return 0;
    int rc = learning->socket;
    learning->socket = -1;
    unmap(learning);
    return rc;
}

int procspawn__learning_socket(const struct procspawn__learning *learning)
{
    return learning ? learning->socket : -1;
}

/* ---- the end ---- */

void procspawn__learning_close(struct procspawn__learning *learning)
{
    if (!learning)
        return;
    base__fd_close(learning->socket);
    learning->socket = -1;
}

struct procspawn__learning *procspawn__learning_ref(struct procspawn__learning *learning)
{
    if (learning)
        __atomic_add_fetch(&learning->references, 1, __ATOMIC_RELAXED);
    return learning;
}

void procspawn__learning_forget(struct procspawn__learning *learning)
{
    if (!learning)
        return;
    unmap(learning);
    procspawn__sandbox_fini(&learning->sandbox);
    free(learning);
}

void procspawn__learning_drop(struct procspawn__learning *learning)
{
    if (!learning || __atomic_sub_fetch(&learning->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    procspawn__learning_close(learning);
    procspawn__learning_forget(learning);
}

/* ---- what was learned ---- */

int procspawn__learning_read(const struct procspawn__learning *learning,
                             procspawn_needs **ret_needs)
{
    if (!learning || !learning->learned)
        return -ENODATA;
    return procspawn__needs_new(learning->learned, &learning->sandbox, ret_needs);
}
