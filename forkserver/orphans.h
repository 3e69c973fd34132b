/*
 * orphans.h - finds and kills processes that were reparented to this one
 */
#ifndef FORKSCOPE_FORKSERVER_ORPHANS_H
#define FORKSCOPE_FORKSERVER_ORPHANS_H

#include <sys/types.h>

struct children;

enum { ORPHANS_MOST = 256 };

/* The first ORPHANS_MOST are listed; count may be higher. */
struct strangers {
    unsigned count;
    pid_t pids[ORPHANS_MOST];
};

/* Opens the kernel's list of the children of this process. Returns -1 if there is none. */
int forkserver__kin_open(void);

/*
 * Kills processes that were reparented to this one. Returns how many still exist. kin: descriptor
 * of the list in /proc, or -1: then only process ids are tried that were assigned since `since`,
 * the oldest process that an orphan may descend from.
 */
unsigned forkserver__end_strangers(int kin, const struct children *children, pid_t since);
/* As above, and lists the processes. */
unsigned forkserver__find_strangers(int kin, const struct children *children, pid_t since,
                                    struct strangers *ret_strangers);

#endif
