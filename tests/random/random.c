/*
 * random.c - random rounds of everything that the library can do, until the time is over
 *
 * RANDOM_SECONDS sets the time, RANDOM_SEED the decisions. The seed of a run is printed, and that
 * of a round that failed. A seed repeats the decisions of a round, but not their timing.
 * RANDOM_HALF, or an argument, names the half to run: threads or processes; by default both run.
 */
#include "tests/random/processes.h"
#include "tests/random/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

struct half {
    const char *name;
    bool (*run)(uint64_t seed, int seconds);
};

static bool run_threads(uint64_t seed, int seconds)
{
    unsigned long rounds = run_rounds(&random_threads, seed, seconds);
    printf("threads: %lu rounds, %lu operations\n", rounds, atomic_load(&run_operations));
    return rounds > 0;
}

static const struct half halves[] = { { "threads", run_threads }, { "processes", processes_run } };

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

/* In a process of its own, where it can fail. */
static bool run_half(const struct half *half, uint64_t seed, int seconds)
{
    int status = 1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(!half->run(seed, seconds));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : getenv("RANDOM_HALF");
    int seconds = (int)number_from("RANDOM_SECONDS", SECONDS);
    uint64_t seed = number_from("RANDOM_SEED", some_seed());
    int passed = 0, failed = 0;
    bool all = only == NULL || *only == '\0';
    printf("RANDOM_SEED=%#" PRIx64 "\n", seed);
    for (int i = 0; i < HALVES; i++) {
        if (!all && strcmp(only, halves[i].name) != 0)
            continue;
        bool right = run_half(&halves[i], seed, seconds / (all ? HALVES : 1));
        passed += right;
        failed += !right;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return passed == 0 || failed > 0;
}
