/*
 * use.h - what a program may do with a value that came from a hostile function
 */
#ifndef TESTS_HOSTILE_USE_H
#define TESTS_HOSTILE_USE_H

#include "tests/hostile/random.h"
#include <jansson.h>

/* Takes some of what stands in it and uses that; giver is for texts. NULL is fine. */
void use_value(struct random *random, json_t *value, const char *giver);

#endif
