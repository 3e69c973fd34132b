/*
 * status.h - what the kernel tells of the calling thread
 *
 * The umask is not asked for by umask(2), which would change it under the feet of other threads.
 * Most of it stands in one file below /proc. Where there is none it is asked for piece by piece,
 * which takes longer, and does not tell how many seccomp filters there are.
 */
#ifndef FORKSCOPE_PROC_STATUS_H
#define FORKSCOPE_PROC_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__capabilities {
    uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* What can be given up for good, but for ids. */
struct procspawn__rights {
    struct procspawn__capabilities capabilities;
    uint32_t securebits;
    uint32_t no_new_privs;      /* 0 or 1 */
};

struct procspawn__status {
    mode_t umask;
    struct procspawn__rights rights;
    unsigned seccomp;           /* mode: 0 for none */
    bool counted;               /* the number of filters is known */
    unsigned filters;
};

/* Returns 0, or -errno when it cannot be known. */
int procspawn__status_read(struct procspawn__status *ret_status);

/* The text of such a file, in new memory, and what it says; not the securebits, which it does not
 * tell. False where something is missing. */
int procspawn__status_text(const char *path, char **ret_text);
bool procspawn__status_parse(const char *text, struct procspawn__status *ret_status);

/* Closes what is kept open, which is opened again when needed. */
void procspawn__status_close(void);

#endif
