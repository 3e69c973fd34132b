/*
 * error.h - what went wrong with a call
 */
#ifndef FORKSCOPE_ERROR_ERROR_H
#define FORKSCOPE_ERROR_ERROR_H

#include "src/crash/backtrace.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <stddef.h>

struct procspawn_error {
    enum procspawn_error_kind kind;
    enum procspawn_cause cause;
    int signal;
    int exit_status;
    int error;                  /* errno value */
    int line;
    char *message;
    char *file;
    char *function;
    struct backtrace *trace;    /* NULL: none */
};

/* What procspawn_error_errno() tells of a return value: errno values are positive there, codes of
 * our own stay what they are. */
int procspawn__error_number(int rc);

/* New errors; NULL when out of memory. */
procspawn_error *procspawn__error_new(enum procspawn_error_kind kind, int error,
                                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));
procspawn_error *procspawn__error_copy(const procspawn_error *error);
/* From what a child said (hostile bytes), and from what the server said of its death. */
procspawn_error *procspawn__error_from_failure(const unsigned char *body, size_t length);
procspawn_error *procspawn__error_from_death(const struct wire_death *death,
                                             const struct backtrace *trace);

#endif
