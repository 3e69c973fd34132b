/*
 * kin.h - the processes of a run, as /proc shows them
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_KIN_H
#define FORKSCOPE_TESTS_HOSTILE_KIN_H

#include <stdbool.h>
#include <sys/types.h>

struct kin {
    pid_t pid;
    pid_t parent;
    char state;                 /* R, S, Z and so on */
    char name[20];
};

enum { KIN_MAX = 4096 };

struct kin_list {
    unsigned count;
    struct kin kin[KIN_MAX];
};

/* All that descend from a process, which is a subreaper, so that the list is complete. */
void kin_below(pid_t ancestor, struct kin_list *ret_list);
/* The first one of this name below the parent, or anywhere for 0; NULL: none. */
const struct kin *kin_named(const struct kin_list *list, const char *name, pid_t parent);

/* What /proc/PID/... says: entries of a directory, a number of a status file. -1: not known. */
long kin_entries(pid_t pid, const char *directory);
long kin_status(pid_t pid, const char *key);
long kin_lines(pid_t pid, const char *file);

/* Is it, or was it, a hostile function's? */
bool kin_is_hostile(const struct kin *kin);

/* One line for people. */
void kin_print(const struct kin *kin);

#endif
