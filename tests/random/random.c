/*
 * random.c - random rounds of everything that the library can do, until the time is over
 *
 * RANDOM_SECONDS says for how long, RANDOM_SEED what happens; the seed of a run is printed, and that
 * of a round that failed. The decisions of a round are repeated by it, though not the moments at
 * which the machine gets to them. An argument names the half to run: all are run otherwise.
 */
#include "tests/random/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const struct random_half *const halves[] = { &random_threads };

enum { HALVES = sizeof halves / sizeof halves[0], SECONDS = 10 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t some_seed(void)
{
    uint64_t seed = 1;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : 1;
}

int main(int argc, char **argv)
{
    int seconds = (int)number_from("RANDOM_SECONDS", SECONDS);
    uint64_t seed = number_from("RANDOM_SEED", some_seed());
    int passed = 0;
    printf("RANDOM_SEED=%#" PRIx64 "\n", seed);
    fflush(stdout);
    for (int i = 0; i < HALVES; i++) {
        if (argc > 1 && strcmp(argv[1], halves[i]->name) != 0)
            continue;
        unsigned long rounds = run_rounds(halves[i], seed, seconds / (argc > 1 ? 1 : HALVES));
        printf("%s: %lu rounds, %lu operations\n", halves[i]->name, rounds,
               atomic_load(&run_operations));
        passed += rounds > 0;
    }
    printf("%d passed, %d failed\n", passed, passed == 0);
    return passed == 0;
}
