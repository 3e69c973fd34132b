#include "examples/vet/paths.h"

#include <errno.h>
#include <stdlib.h>

void paths_init(struct paths *paths)
{
    *paths = (struct paths) { .count = 0 };
    pthread_mutex_init(&paths->lock, NULL);
    pthread_cond_init(&paths->changed, NULL);
}

void paths_fini(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->ring[(paths->first + i) % PATHS_ROOM]);
    pthread_cond_destroy(&paths->changed);
    pthread_mutex_destroy(&paths->lock);
}

static void unlock(void *lock)
{
    pthread_mutex_unlock(lock);
}

int paths_put(struct paths *paths, char *path)
{
    int code = -EPIPE;
    pthread_mutex_lock(&paths->lock);
    pthread_cleanup_push(unlock, &paths->lock);
    while (paths->count == PATHS_ROOM && !paths->closed)
        pthread_cond_wait(&paths->changed, &paths->lock);
    if (!paths->closed) {
        paths->ring[(paths->first + paths->count++) % PATHS_ROOM] = path;
        pthread_cond_broadcast(&paths->changed);
        code = 0;
    }
    pthread_cleanup_pop(1);
    return code;
}

char *paths_take(struct paths *paths)
{
    char *path = NULL;
    pthread_mutex_lock(&paths->lock);
    pthread_cleanup_push(unlock, &paths->lock);
    while (paths->count == 0 && !paths->closed)
        pthread_cond_wait(&paths->changed, &paths->lock);
    if (paths->count > 0) {
        path = paths->ring[paths->first];
        paths->first = (paths->first + 1) % PATHS_ROOM;
        paths->count--;
        pthread_cond_broadcast(&paths->changed);
    }
    pthread_cleanup_pop(1);
    return path;
}

void paths_close(struct paths *paths)
{
    pthread_mutex_lock(&paths->lock);
    paths->closed = true;
    pthread_cond_broadcast(&paths->changed);
    pthread_mutex_unlock(&paths->lock);
}
