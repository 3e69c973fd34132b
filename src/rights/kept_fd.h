/*
 * kept.h - a descriptor of this process that stays open for what is asked with every call
 *
 * The program may have closed it, or have another file there by now: who uses it looks at what it
 * gets, and has it opened again. Each process opens its own. For the main thread alone, so without
 * any lock.
 */
#ifndef FORKSCOPE_PROC_KEPT_H
#define FORKSCOPE_PROC_KEPT_H

#include <stdbool.h>
#include <sys/types.h>

struct procspawn__kept {
    const char *path;
    int flags;                  /* for open(2) */
    int fd;                     /* -1: not open */
    pid_t owner;                /* of the descriptor */
};

/* The descriptor, -1 if this process has none yet. */
int procspawn__kept_fd(const struct procspawn__kept *kept);
/* Opens it, whatever the number was until now. Returns it, or -errno. */
int procspawn__kept_open(struct procspawn__kept *kept);
void procspawn__kept_close(struct procspawn__kept *kept);

#endif
