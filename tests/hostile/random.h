/*
 * random.h - a sequence of random numbers that a seed repeats
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_RANDOM_H
#define FORKSCOPE_TESTS_HOSTILE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_draw(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to sides - 1. */
static inline unsigned random_below(struct random *random, unsigned sides)
{
    return (unsigned)(random_draw(random) % sides);
}

static inline bool random_one_in(struct random *random, unsigned sides)
{
    return random_below(random, sides) == 0;
}

/* A length from 0 to limit, the small ones as likely as the large ones. */
static inline unsigned random_length(struct random *random, unsigned limit)
{
    unsigned bits = 1 + random_below(random, 24);
    unsigned reach = limit < 1u << bits ? limit : 1u << bits;
    return random_below(random, reach + 1);
}

static inline void random_fill(struct random *random, void *bytes, unsigned length)
{
    unsigned char *to = bytes;

    for (unsigned i = 0; i < length; i++)
        to[i] = (unsigned char)random_draw(random);
}

#endif
