/*
 * library.c - paths of libraries
 *
 * The loader keeps the name that a library was asked for by. Where that is relative the kernel
 * knows the file, by its list of mappings; a look at that takes longer than a call, so each is made
 * once. Without the list the name is taken as of now: a child compares the build-id of what it
 * finds there.
 */
#include "src/image/library_path.h"

#include "src/image/mapped_file.h"
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    struct seen *next;
    uint64_t base;
    char *path;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen *seen;
static unsigned long long seen_unloads;

static void forget(void)
{
    while (seen) {
        struct seen *next = seen->next;
        free(seen->path);
        free(seen);
        seen = next;
    }
}

void procspawn__library_renew(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    forget();
}

static char *look(const struct procspawn__library *library)
{
    char *path = procspawn__mapped_path(library->address);

    return path ? path : realpath(library->name, NULL);
}

static const char *remember(const struct procspawn__library *library)
{
    struct seen *one = malloc(sizeof *one);

    if (!one)
        return NULL;
    *one = (struct seen){ seen, library->base, look(library) };
    if (!one->path) {
        free(one);
        return NULL;
    }
    seen = one;
    return one->path;
}

static const char *find(const struct procspawn__library *library)
{
    if (seen_unloads != library->unloads)
        forget();
    seen_unloads = library->unloads;
    for (const struct seen *one = seen; one; one = one->next) {
        if (one->base == library->base)
            return one->path;
    }
    return remember(library);
}

char *procspawn__library_path(const struct procspawn__library *library)
{
    if (library->name[0] == '/')
        return strdup(library->name);
    pthread_mutex_lock(&lock);
    const char *path = find(library);
    char *copy = path ? strdup(path) : NULL;
    pthread_mutex_unlock(&lock);
    return copy;
}
