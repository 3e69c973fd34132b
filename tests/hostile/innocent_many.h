/*
 * innocent_many.h - innocent maps, sets and captured calls, each checked
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_INNOCENT_MANY_H
#define FORKSCOPE_TESTS_HOSTILE_INNOCENT_MANY_H

#include "tests/hostile/random.h"

/* What was seen instead of what is right; NULL: nothing. */
const char *innocent_map(struct random *random);
const char *innocent_set(struct random *random);
const char *innocent_output(struct random *random);

#endif
