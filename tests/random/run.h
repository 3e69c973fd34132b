/*
 * run.h - a run of random rounds: its seed, its progress, and how it fails
 *
 * A check that fails ends the program with the seed that repeats the round, the number of
 * operations so far, and what every thread is doing.
 */
#ifndef FORKSCOPE_TESTS_RANDOM_RUN_H
#define FORKSCOPE_TESTS_RANDOM_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a half of the library has to offer to the driver. */
struct random_half {
    const char *name;
    void (*round)(uint64_t seed);   /* leaves nothing behind */
    void (*report)(void);           /* what the round is doing, for a failure */
};

extern const struct random_half random_threads;

/* Counted by whatever does something that could go wrong. */
extern atomic_ulong run_operations;

/* Seconds that a round may take, and nanoseconds that a wait may be late: a loaded machine. */
int run_patience(void);
int64_t run_slack(void);

/* For both halves of the driver: rounds until the time is over; returns how many there were. */
unsigned long run_rounds(const struct random_half *half, uint64_t seed, int seconds);

/* Prints and does not return. */
__attribute__((noreturn, format(printf, 3, 4)))
void run_failed(const char *file, int line, const char *format, ...);

#define CHECK(condition, ...) \
    ((condition) ? (void)0 : run_failed(__FILE__, __LINE__, "not true: " #condition ": " __VA_ARGS__))

/* That a result is one of these, which the manual lists. */
bool run_is_one_of(int result, const int *allowed, int count);

#define CHECK_RESULT(result, what, ...) \
    CHECK(run_is_one_of(result, (const int[]){ __VA_ARGS__ }, \
                        sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)), \
          "%s returned %d", what, result)

#endif
