/*
 * orphans.h - finds and kills processes that were reparented to this one
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_ORPHANS_H
#define FORKSCOPE_FORKSERVER_PROCESS_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

enum { ORPHANS_MOST = 256 };

/* The first ORPHANS_MOST are listed; count may be higher. */
struct orphans {
    unsigned count;
    pid_t pids[ORPHANS_MOST];
};

/* Tells which processes are not orphans, and may live. */
struct known_processes {
    bool (*knows)(const void *owner, pid_t pid);
    const void *owner;
};

/* Opens the kernel's list of the children of this process. Returns -1 if there is none. */
int forkserver__orphans_open(void);

/* Is this a child of this process, or an orphan, that has not been reaped? */
bool forkserver__can_be_waited_for(pid_t pid);

/*
 * Kills processes that were reparented to this one, and lists them. Returns how many still exist,
 * with those that the kernel reaps by itself and has not removed. Only 0 means that there are none.
 * proc_children: descriptor of the list in /proc, or -1: then only process ids are tried that were
 * assigned since `since`, the oldest process that an orphan may descend from.
 */
unsigned forkserver__orphans_kill(int proc_children, const struct known_processes *known,
                                  pid_t since, struct orphans *ret_orphans);

#endif
