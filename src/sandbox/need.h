/*
 * need.h - what lets a system call into a sandbox: a profile, a path, a port, an exception; or
 * nothing
 *
 * It is found in two steps. The rules say what a call needs as far as its numbers tell. What it
 * does with a path or an address lies in memory: need.h says where, and what follows from it.
 */
#ifndef FORKSCOPE_SANDBOX_NEED_H
#define FORKSCOPE_SANDBOX_NEED_H

#include "src/sandbox/judge.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum procspawn__need_kind {
    PROCSPAWN__NEED_NOTHING,    /* all profiles have it, or do without */
    PROCSPAWN__NEED_PROFILE,    /* the profile and nothing else */
    PROCSPAWN__NEED_PATH,
    PROCSPAWN__NEED_PORT,       /* port 0: any port to listen on */
    PROCSPAWN__NEED_THREADS,
    PROCSPAWN__NEED_CODE,
    PROCSPAWN__NEED_REFUSED,    /* nothing lets it in */
    PROCSPAWN__NEED_KINDS
};

/* Why nothing lets it in. */
enum procspawn__need_reason {
    PROCSPAWN__REFUSED_ALWAYS,
    PROCSPAWN__REFUSED_PROCESS,         /* it makes a process or executes a program */
    PROCSPAWN__REFUSED_KERNEL_PATH,     /* its path is one of the kernel's */
    PROCSPAWN__REFUSED_UNREAD,          /* its path could not be read */
    PROCSPAWN__REFUSED_PORT,            /* it binds to no port in particular */
    PROCSPAWN__REFUSED_REASONS
};

struct procspawn__need {
    uint32_t kind;              /* enum procspawn__need_kind */
    uint32_t profile;           /* the least enum procspawn_sandbox */
    uint32_t rights;            /* PROCSPAWN_PATH_* */
    uint32_t port;
    uint32_t listens;           /* 1 or 0 */
    uint32_t reason;            /* enum procspawn__need_reason */
};

/*
 * By numbers alone. Returns 0, or the errno value with which all profiles answer, so that the
 * program does something else instead; then nothing is needed.
 */
int procspawn__need_find(long number, const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own,
                         struct procspawn__need *ret_need);

/* ---- paths ---- */

enum procspawn__path_use_kind {
    PROCSPAWN__PATH_LOOK,       /* the file is looked at, or entered */
    PROCSPAWN__PATH_OPEN,
    PROCSPAWN__PATH_TRUNCATE,
    PROCSPAWN__PATH_ENTRY,      /* an entry of its directory is made, removed or renamed */
    PROCSPAWN__PATH_NODE        /* as ENTRY, for mknod(2) */
};

struct procspawn__path_use {
    enum procspawn__path_use_kind kind;
    int path;                   /* number of the argument that points to the path */
    int directory;              /* of the descriptor that it is relative to; -1: none */
    int flags;                  /* of the flags of open(2), or the mode of mknod(2); -1: none */
};

enum { PROCSPAWN__PATH_USES = 2 };

/* Returns how many paths profile FILES judges in such a call: 0 to 2. */
unsigned procspawn__need_paths(long number, struct procspawn__path_use ret_uses[2]);

/*
 * What one of them needs. path: as the kernel knows it, from the root; there: there is such a file.
 * *ret_length: so much of the path is to be let in; it may be that of the directory.
 */
void procspawn__need_path(const struct procspawn__path_use *use,
                          const uint64_t argument[SANDBOX_ARGUMENTS], const char *path, bool there,
                          struct procspawn__need *need, size_t *ret_length);

/* Is the path nothing but a way to say "this descriptor", which COMPUTE lets through? */
bool procspawn__need_is_descriptor(long number, const uint64_t argument[SANDBOX_ARGUMENTS],
                                   const char *path);

/* ---- addresses ---- */

/* Does the call give an address, argument 1, of the length in argument 2, that is judged? */
bool procspawn__need_has_address(long number);
/* What it needs with this address; NULL: it could not be read. */
void procspawn__need_address(long number, const void *address, size_t length,
                             struct procspawn__need *need);

#endif
