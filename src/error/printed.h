/*
 * printed.h - what a process printed last to stderr, as a part of its error
 */
#ifndef FORKSCOPE_ERROR_PRINTED_H
#define FORKSCOPE_ERROR_PRINTED_H

#include "src/error/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PROCSPAWN__PRINTED_MOST = 4096 };    /* bytes that an error keeps */

/* Is it an error that tells what was printed, and has not been told yet? NULL is none. */
bool procspawn__error_wants_printed(const procspawn_error *error);

/*
 * Such an error: the bytes that the process has printed last, at most PROCSPAWN__PRINTED_MOST, of
 * which more were before. They may be anything. What a sanitizer has printed among them becomes the
 * message. Without memory the error stays as it is.
 */
void procspawn__error_add_printed(procspawn_error *error, const char *bytes, size_t length,
                                  bool is_cut);
/* The same with what its report has found in the pipe. */
void procspawn__error_add_unread(procspawn_error *error);

/* Prints its last lines, all of them, and the report of a sanitizer. */
void procspawn__print_last_lines(const procspawn_error *error, FILE *stream);
void procspawn__print_printed(const procspawn_error *error, FILE *stream);
void procspawn__print_finding(const procspawn_error *error, FILE *stream);

#endif
