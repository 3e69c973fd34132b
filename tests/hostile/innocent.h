/*
 * innocent.h - calls that must succeed whatever the hostile ones do
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_INNOCENT_H
#define FORKSCOPE_TESTS_HOSTILE_INNOCENT_H

#include <jansson.h>
#include <stdint.h>

/* One call after the other until a moment, each checked; to be run by a thread of its own. */
void innocent_live(uint64_t seed, int64_t until);

/* Returns its argument. */
json_t *innocent_function(json_t *argument);

#endif
