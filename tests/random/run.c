/*
 * run.c - the loop of rounds, and the report of a failed check
 */
#include "tests/random/run.h"

#include "src/base/clock.h"
#include "tests/random/dice.h"
#include "tests/random/watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

atomic_ulong run_operations;

static const struct random_half *current;
static uint64_t round_seed;
static unsigned long round_number;
static pthread_mutex_t failing = PTHREAD_MUTEX_INITIALIZER;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { PATIENCE = 400 };
#else
enum { PATIENCE = 20 };
#endif

int run_patience(void)
{
    return PATIENCE;
}

int64_t run_slack(void)
{
    return PATIENCE / 4 * BASE_SECOND;
}

static void say_where(void)
{
    fprintf(stderr, "\n%s, round %lu, operation %lu\n", current->name, round_number,
            atomic_load(&run_operations));
    fprintf(stderr, "RANDOM_SEED=%#" PRIx64 " begins with this round\n", round_seed);
}

/* The first that fails speaks for all. */
void run_failed(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_mutex_lock(&failing);
    say_where();
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    current->report();
    watch_print_threads();
    printf("0 passed, 1 failed\n");
    fflush(stdout);
    _exit(1);
}

bool run_is_one_of(int result, const int *allowed, int count)
{
    bool found = false;
    for (int i = 0; i < count; i++)
        found |= result == allowed[i];
    return found;
}

static void round_hangs(void)
{
    run_failed(__FILE__, __LINE__, "no end of the round within %d seconds", run_patience());
}

unsigned long run_rounds(const struct random_half *half, uint64_t seed, int seconds)
{
    int64_t end = base__deadline(seconds * BASE_SECOND);
    current = half;
    round_seed = seed;
    watch_start(round_hangs, run_patience());
    for (round_number = 0; base__now() < end; round_number++) {
        half->round(round_seed);
        watch_calm();
        round_seed = dice_seed(seed, round_number);
    }
    watch_stop();
    return round_number;
}
