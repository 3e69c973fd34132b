/*
 * host.h - a program that calls functions in other processes, as small as possible
 */
#ifndef FORKSCOPE_TESTS_BENCH_HOST_H
#define FORKSCOPE_TESTS_BENCH_HOST_H

#include <forkscope/procspawn.h>

bool bench_init(void);
json_t *bench_echo(json_t *argument);       /* a function to call: returns its argument */

/* A call to its joined result, or until its process is reaped. */
bool bench_call(bool until_reaped);
double bench_one_call(void);                /* microseconds to the result; < 0: failed */

/* The same program forks: fork, _exit, waitpid. */
bool bench_fork(void);
double bench_one_fork(void);
#define BENCH_FORK { "fork+_exit+waitpid", NULL, bench_one_fork }     /* as a side */

/* Does it so often, while it succeeds. */
bool bench_repeat(bool (*work)(void), int count);
/* Microseconds for each of many in a row; < 0: failed. */
double bench_in_a_row(bool (*work)(void));
double bench_forks_in_a_row(void);

#endif
