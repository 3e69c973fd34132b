/*
 * fuzz.h - what the fuzz targets share: input read in pieces, descriptors of all kinds, checks
 *
 * A target is a program with this function. Each piece that it reads is taken from the front of the
 * input; the rest is usually the message itself.
 */
#ifndef FORKSCOPE_TESTS_FUZZ_FUZZ_H
#define FORKSCOPE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct fuzz_input {
    const uint8_t *bytes;
    size_t left;
};

/* Zero when nothing is left. */
uint8_t fuzz_u8(struct fuzz_input *input);
uint64_t fuzz_u64(struct fuzz_input *input);
/* Returns a length of at most `most` bytes, and no more than are left. */
size_t fuzz_length(struct fuzz_input *input, size_t most);
/* The next bytes, as a copy in memory of exactly that size, so that reading past it is seen; freed by
 * the caller. */
void *fuzz_copy(struct fuzz_input *input, size_t length);

/* A new descriptor; kind says of what: a pipe, a socket, a file, a folder, shared memory that is
 * sealed or not, with these bytes in it. */
int fuzz_open(uint8_t kind, const void *bytes, size_t length);
/* Shared memory with these bytes, sealed as messages have it. */
int fuzz_sealed(const void *bytes, size_t length);

/* Ends the program with a finding. */
void fuzz_check(int holds);

/* At the second, the same descriptors are open as at the first. */
void fuzz_note_descriptors(void);
void fuzz_check_descriptors(void);

#endif
