/*
 * subprocess.h - a program that a test runs
 */
#ifndef FORKSCOPE_SUPPORT_SUBPROCESS_H
#define FORKSCOPE_SUPPORT_SUBPROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
    pid_t pid;
    int out_fd;             /* reading end of its standard output */
    int err_fd;             /* a file with its standard error */
    char *out;              /* its output so far, with a NUL at the end */
    size_t length;
};

/*
 * Starts argv (ended by NULL) with /dev/null as standard input. err_fd becomes its standard error;
 * if it is -1, a file does, and program_error_length returns its length. If the program cannot be
 * started, an assertion fails and the result is false.
 */
bool program_start(struct program *program, char *const *argv, int err_fd);

/* Reads standard output until it contains text. Returns false if the output ends first. */
bool program_read_until(struct program *program, const char *text);

/*
 * Reads the rest of standard output, waits for the end and frees everything but `out`, which the
 * caller frees. Returns the exit status, or 1000 + the signal that killed the program.
 */
int program_end(struct program *program);

/* Copies the calling program to this path, where nothing is yet. */
void program_copy(const char *path, mode_t mode);

/* Returns the length of the file with standard error. Called before program_end. */
int64_t program_error_length(const struct program *program);

#endif
