/*
 * escapes.h - attempts to get out of a sandbox, and what each profile makes of them
 */
#ifndef FORKSCOPE_TEST_SANDBOX_ESCAPES_H
#define FORKSCOPE_TEST_SANDBOX_ESCAPES_H

#include "tests/support/escape_world.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* What comes of an attempt; a positive number is the errno value that it failed with. */
enum {
    DID = 0,                    /* it worked */
    VIOLATION = -1,             /* the call ended, and the error names the system call */
    KILLED = -2,                /* the kernel ended the process, with SIGSYS and no report */
    CRASHED = -3,               /* the process crashed */
    LEFT = -4,                  /* the process executed another program, or exited */
    ANY = -5,                   /* as the kernel and the user are */
    IF_ROOT = -6,               /* DID for root, ANY for others */
    SKIP = -7,                  /* not tried, because it could do harm */
    GOES_ON = -8,               /* DID, where 0 stands for EPERM */
    EITHER = -9                 /* an answer or none: what counts is that nothing was reached */
};

enum { ESCAPE_NONE, ESCAPE_COMPUTE, ESCAPE_FILES, ESCAPE_NETWORK, ESCAPE_COLUMNS };

struct escape {
    const char *name;
    int (*attempt)(int handed); /* in the child; returns DID or an errno value */
    enum escape_hand hand;
    int expected[ESCAPE_COLUMNS];
    const char *system_call;    /* the violation's; NULL: any */
    int failed;                 /* in place of VIOLATION and KILLED with DENIAL_FAIL; 0: EPERM */
};

struct escape_table {
    const struct escape *escapes;
    size_t count;
};

extern const struct escape_table escapes_by_path;
extern const struct escape_table escapes_by_descriptor;
extern const struct escape_table escapes_by_memory;
extern const struct escape_table escapes_to_processes;
extern const struct escape_table escapes_by_birth;
extern const struct escape_table escapes_by_socket;
extern const struct escape_table escapes_by_tcp;
extern const struct escape_table escapes_by_handed_socket;
extern const struct escape_table escapes_to_kernel;
extern const struct escape_table escapes_by_number;

#define ESCAPE_TABLE(name, rows) \
    const struct escape_table name = { rows, sizeof rows / sizeof rows[0] }

/* What all profiles deny; what COMPUTE does. */
#define DENIED(none) { none, VIOLATION, VIOLATION, VIOLATION }
#define BY_PATH(none, compute, others) { none, compute, others, others }
#define ALL(none, others) { none, others, others, others }

/* What a system call or a function like it comes to. */
static inline int escape_told(long result)
{
    return result < 0 ? errno : DID;
}

/* An attempt that is an expression. */
#define ATTEMPT(name, result) \
    static int name(int handed) \
    { \
        (void)handed; \
        return escape_told(result); \
    }

#endif
