/*
 * use.h - what a program may do with a value that a hostile function returned
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_USE_H
#define FORKSCOPE_TESTS_HOSTILE_USE_H

#include "tests/hostile/random.h"
#include <jansson.h>

/* Takes some of what stands in it and uses that; giver is for texts. NULL is fine. */
void use_value(struct random *random, json_t *value, const char *giver);

#endif
