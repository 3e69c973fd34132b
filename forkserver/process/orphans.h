/*
 * orphans.h - finds and kills processes that were reparented to this one
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_ORPHANS_H
#define FORKSCOPE_FORKSERVER_PROCESS_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

enum { ORPHANS_MOST = 256 };

/*
 * A piece of the kernel's list. The kernel finds its place anew for each piece, so one for some
 * hundreds of processes. It must be smaller than the page in which the kernel writes the list, by
 * more than one line: a line that does not fit there makes a piece short before the end.
 */
enum { ORPHANS_PIECE = 3072 };

/* The kernel's list of the children of a process. */
struct orphan_list {
    int fd;                     /* -1: there is none */
    char piece[ORPHANS_PIECE];
};

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

/* Opens the list of this process. */
void forkserver__orphans_open(struct orphan_list *list);

/* Is this a child of this process, or an orphan, that has not been reaped? */
bool forkserver__can_be_waited_for(pid_t pid);

/*
 * Kills processes that were reparented to this one, and lists them. Returns how many still exist,
 * with those that the kernel reaps by itself and has not removed. Only 0 means that there are none.
 * Without a list only process ids are tried that were assigned since `since`, the oldest process
 * that an orphan may descend from.
 */
unsigned forkserver__orphans_kill(struct orphan_list *list, const struct known_processes *known,
                                  pid_t since, struct orphans *ret_orphans);

#endif
