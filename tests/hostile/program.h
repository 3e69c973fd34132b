/*
 * program.h - the program that calls hostile functions
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_PROGRAM_H
#define FORKSCOPE_TESTS_HOSTILE_PROGRAM_H

#include <stdint.h>

/* In a process of its own, until ledger->stop. Returns its exit status. */
int program_run(uint64_t seed);

#endif
