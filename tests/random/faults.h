/*
 * faults.h - random failures and delays of the system, and the memory in use
 *
 * The linker redirects the calls of the program and the library to the C library, and each lock of
 * a tree, to this file (--wrap). The tests' own memory comes from faults_own and is never refused.
 */
#ifndef FORKSCOPE_TESTS_RANDOM_FAULTS_H
#define FORKSCOPE_TESTS_RANDOM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One request in this number is refused, one lock in this number is delayed; 0: none. */
struct faults {
    unsigned memory, threads, descriptors;
    unsigned late;
};

/* From now on; the seed says which requests. */
void faults_set(struct faults faults, uint64_t seed);

/* Whether the calling thread is refused nothing. */
void faults_spare(bool spare);

/* Blocks that have been asked for and not yet freed. */
long faults_blocks(void);

/* All zero. */
void *faults_own(size_t size);
void faults_own_free(void *block);

#endif
