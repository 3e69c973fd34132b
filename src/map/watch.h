/*
 * watch.h - the task of a scope that stands for a map
 *
 * It ends when the map has ended. When it is cancelled it kills the calls of the map and waits for
 * the end of the map. So a scope that is closed has no map that goes on.
 */
#ifndef FORKSCOPE_MAP_WATCH_H
#define FORKSCOPE_MAP_WATCH_H

#include <forkscope/completion.h>
#include <forkscope/scope.h>
#include <stdbool.h>

struct procspawn__map_watch;

/* Starts the task for a map whose calls are in this set. 0 or -errno. */
int procspawn__map_watch_start(scoped_spawner scope, procspawn_set *set,
                               struct procspawn__map_watch **ret_watch);
/* Set when the scope has been cancelled. Atomic; lives until procspawn__map_watch_end. */
bool *procspawn__map_watch_flag(struct procspawn__map_watch *watch);
/* The set is not touched any more. NULL is fine, also below. */
void procspawn__map_watch_leave(struct procspawn__map_watch *watch);
/* The map has ended. */
void procspawn__map_watch_end(struct procspawn__map_watch *watch);

#endif
