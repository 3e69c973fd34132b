/*
 * tree.h - the program under the soak: branches of tasks that call, wait, cancel and end at random
 */
#ifndef FORKSCOPE_TESTS_SOAK_TREE_H
#define FORKSCOPE_TESTS_SOAK_TREE_H

#include <stdint.h>

/* Lives until it is stopped; 0 when all went as it must. */
int tree_run(uint64_t seed);

/* The next number of a sequence that the seed decides. */
uint64_t draw(uint64_t *random);

#endif
