/*
 * map.h - a map whose number of items is known
 */
#ifndef FORKSCOPE_MAP_MAP_H
#define FORKSCOPE_MAP_MAP_H

#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/procspawn.h>
#include <stddef.h>

/*
 * As procspawn_map_each(). The source makes `total` items, so that progress is told the number, and
 * a pool of the map's own has no more workers than that. 0: the number is not known.
 */
int procspawn__map_counted(const struct procspawn_map_options *options,
                           procspawn_function *function, procspawn_map_source *source,
                           procspawn_map_sink *sink, void *arg, size_t total,
                           procspawn_error **ret_error);

#endif
