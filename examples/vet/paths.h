/*
 * paths.h - the queue between those who walk and those who call
 *
 * It is bounded, so that walking never runs far ahead of the calls. Both waits are cancellation
 * points; a cancelled wait leaves the queue as it was.
 */
#ifndef VET_PATHS_H
#define VET_PATHS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define PATHS_ROOM 256

struct paths {
    pthread_mutex_t lock;           /* guards all below */
    pthread_cond_t changed;         /* broadcast at each change */
    char *ring[PATHS_ROOM];
    size_t first;
    size_t count;
    bool closed;
};

void paths_init(struct paths *paths);

/* Frees what is left in it. Nobody waits any more. */
void paths_fini(struct paths *paths);

/*
 * Appends a path, which is taken if the call succeeds; waits for room. Returns 0, or -EPIPE when
 * the queue is closed.
 */
int paths_put(struct paths *paths, char *path);

/*
 * The next path, for the caller to free, or NULL when the queue is closed and empty; waits for one.
 */
char *paths_take(struct paths *paths);

/* Nothing more can be put. */
void paths_close(struct paths *paths);

#endif
