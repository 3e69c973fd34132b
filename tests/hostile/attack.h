/*
 * attack.h - the threads of the program that call hostile functions
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_ATTACK_H
#define FORKSCOPE_TESTS_HOSTILE_ATTACK_H

#include "tests/hostile/random.h"
#include <forkscope/pool.h>
#include <stdint.h>
#include <sys/types.h>

/* How such functions are called: each is the life of a thread, until a moment. */
typedef void attack_life(uint64_t seed, int64_t until);

attack_life attack_plainly;     /* one by one, ended in many ways */
attack_life attack_in_scopes;
attack_life attack_in_pools;
attack_life attack_in_mixed_pools;      /* beside calls that must be right */
attack_life attack_in_sets, attack_in_maps;        /* many at once (attack_many.c) */
attack_life attack_by_channels;         /* with a channel of the program's own to talk on */

/* Its workers run as this user, where hostile functions may have another one. NULL: told. */
procspawn_pool *attack_pool(struct random *random, uid_t user);

#endif
