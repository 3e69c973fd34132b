/*
 * error.h - the error value of a call: why it failed
 */
#ifndef FORKSCOPE_ERROR_ERROR_H
#define FORKSCOPE_ERROR_ERROR_H

#include "src/crash/backtrace.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct procspawn_error {
    enum procspawn_error_kind kind;
    enum procspawn_cause cause;
    uint64_t item;              /* 1 and the index of the item of a map; 0: none */
    int code;                   /* what the function returned that gave the error */
    bool fixed;                 /* static: never freed */
    int signal;
    int exit_status;
    int error;                  /* errno value */
    int line;
    enum procspawn_limit limit;
    char *name;                 /* NULL: none */
    char *message;
    char *file;
    char *function;
    bool used;                  /* `usage` is known: the process has ended */
    struct rusage usage;
    bool unexamined;            /* it crashed, and nothing has looked at it */
    char *printed;              /* what it printed last to stderr, UTF-8; NULL: not known */
    const char *finding;        /* where a sanitizer's report begins in that; NULL: nowhere */
    char *type;                 /* that the function gave to its failure */
    json_t *detail;             /* the same */
    struct backtrace *trace;    /* NULL: none */
};

/*
 * Returns what procspawn_error_errno() reports for a return value: a negative errno becomes
 * positive, one of the library's own codes stays as it is.
 */
int procspawn__error_number(int rc);

/*
 * The steps of making one: an error without a message (NULL: out of memory); its message, 0 or
 * -ENOMEM; at last the error itself, or NULL, and it is freed, if it has got no message.
 */
procspawn_error *procspawn__error_blank(enum procspawn_error_kind kind);
int procspawn__error_say(procspawn_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
procspawn_error *procspawn__error_whole(procspawn_error *error);

/* Return a new error; NULL: out of memory. */
procspawn_error *procspawn__error_new(enum procspawn_error_kind kind, int error,
                                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));
procspawn_error *procspawn__error_copy(const procspawn_error *error);
/* Sets the name of the call, which is copied. NULL: none. */
void procspawn__error_set_name(procspawn_error *error, const char *name);
/*
 * Of a call that could not be made: `rc` is why. Of one that was made, whose outcome cannot be had.
 * Never NULL: without memory they return a static error, whose code is not that of `rc`.
 */
procspawn_error *procspawn__error_of_code(int rc);
procspawn_error *procspawn__error_of_loss(int rc);
/* Of a result that cannot be decoded: `detail` says why. NULL: out of memory. */
procspawn_error *procspawn__error_of_unreadable(int rc, const char *detail);
/* Notes of which item of a map it is the error. */
void procspawn__error_set_index(procspawn_error *error, size_t index);

/* Gives an error (NULL: there is none) to the caller that wants it, and else frees it. */
static inline void procspawn__error_give(procspawn_error *error, procspawn_error **ret_error)
{
    if (error && ret_error)
        *ret_error = error;
    else
        procspawn_error_free(error);
}
/* The first, for a call of this function, with what this thread has noted (base/refusal.h). */
procspawn_error *procspawn__error_of_start(int rc, procspawn_function *function);
/* From a child's FAILURE message (untrusted bytes). NULL: out of memory. */
procspawn_error *procspawn__error_from_failure(const unsigned char *body, size_t length);
/* From a RESULT that says how the function has failed (untrusted). */
procspawn_error *procspawn__error_from_value(const json_t *value);

/* Of a process that was examined while it runs; the trace is taken. NULL: out of memory. */
procspawn_error *procspawn__error_of_running(struct backtrace *trace);

/* The trace, if it tells of a system call that a sandbox denied; else NULL. */
const struct backtrace *procspawn__error_violation(const procspawn_error *error);

#endif
