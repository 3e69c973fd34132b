/*
 * library_path.c - absolute paths of libraries, cached
 *
 * The loader keeps the name that a library was loaded by. For a relative name the path is read from
 * /proc/self/maps; that takes longer than a call, so it is done once for each library. Without it
 * the name is resolved against the present working directory; this is safe, because a child
 * compares the build-id of the file that it loads.
 */
#include "src/image/library_path.h"

#include "src/base/guarded.h"
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

extern struct base__lock paths_lock;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct seen *seen GUARDED_BY(paths_lock);
static unsigned long long seen_unloads GUARDED_BY(paths_lock);

static void lock(void) LOCKS(paths_lock)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void) UNLOCKS(paths_lock)
{
    pthread_mutex_unlock(&mutex);
}

static void clear_cache(void) REQUIRES(paths_lock)
{
    while (seen) {
        struct seen *next = seen->next;
        free(seen->path);
        free(seen);
        seen = next;
    }
}

void procspawn__library_reset(void) NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    clear_cache();
}

static char *look(const struct procspawn__library *library)
{
    char *path = procspawn__mapped_path(library->address);

    return path ? path : realpath(library->name, NULL);
}

static const char *cache_path(const struct procspawn__library *library) REQUIRES(paths_lock)
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

static const char *find(const struct procspawn__library *library) REQUIRES(paths_lock)
{
    if (seen_unloads != library->unloads)
        clear_cache();
    seen_unloads = library->unloads;
    for (const struct seen *one = seen; one; one = one->next) {
        if (one->base == library->base)
            return one->path;
    }
    return cache_path(library);
}

char *procspawn__library_path(const struct procspawn__library *library)
{
    if (library->name[0] == '/')
        return strdup(library->name);
    lock();
    const char *path = find(library);
    char *copy = path ? strdup(path) : NULL;
    unlock();
    return copy;
}
