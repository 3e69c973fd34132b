/*
 * dice.h - decisions that a seed repeats
 *
 * Every thread or object that decides has dice of its own, made from a seed and a number, so that
 * its decisions do not depend on when others decide.
 */
#ifndef FORKSCOPE_TESTS_RANDOM_DICE_H
#define FORKSCOPE_TESTS_RANDOM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* The nth of what a seed makes. */
uint64_t dice_seed(uint64_t seed, uint64_t n);
struct dice dice_new(uint64_t seed);

/* Return a number from 0 to sides - 1; whether one case in `sides` has come. */
uint64_t dice_roll(struct dice *dice, uint64_t sides);
bool dice_one_in(struct dice *dice, uint64_t sides);

#endif
