/*
 * dice.c - a generator of random decisions
 */
#include "tests/random/dice.h"

/* splitmix64, by Sebastiano Vigna. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);

uint64_t dice_seed(uint64_t seed, uint64_t n)
{
    return mix(seed + mix((n + 1) * step));
}

struct dice dice_new(uint64_t seed)
{
    return (struct dice){ seed };
}

uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    dice->state += step;
    return mix(dice->state) % sides;
}

bool dice_one_in(struct dice *dice, uint64_t sides)
{
    return dice_roll(dice, sides) == 0;
}
