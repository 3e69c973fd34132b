/*
 * program.h - a program that a test runs, seen from outside
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
    pid_t pid;
    int out_fd;             /* reading end of its standard output */
    int err_fd;             /* a file with its standard error */
    char *out;              /* what it has printed so far, ended by a NUL */
    size_t length;
};

/*
 * Starts argv (ended by NULL) with /dev/null for standard input. err_fd becomes its standard error,
 * or, if it is -1, a file whose length program_error_length gives. Returns false, with a failed
 * assertion, when it cannot be started.
 */
bool program_start(struct program *program, char *const *argv, int err_fd);

/* Reads standard output until it holds text. False at its end without. */
bool program_read_until(struct program *program, const char *text);

/*
 * Reads the rest of standard output, waits for the end and frees what program_start took, but for
 * out, which the caller frees. Returns the exit status, or 1000 + the signal that killed it.
 */
int program_end(struct program *program);

/* The number of bytes in the file that took standard error; before program_end. */
int64_t program_error_length(const struct program *program);

#endif
