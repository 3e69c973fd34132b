/* A control group whose processes are killed by the kernel for lack of memory. */
#ifndef TESTS_MEMORY_GROUP_H
#define TESTS_MEMORY_GROUP_H

#include <stdbool.h>

struct memory_group {
    char path[64];
};

/* With 16 MiB for its processes, in either version of control groups. False if none can be had. */
bool memory_group_make(struct memory_group *ret_group);
void memory_group_remove(const struct memory_group *group);

/* The calling process joins the group at that path and uses more than it has. False if it cannot be
 * joined; returns also when nobody has killed it. */
bool memory_group_exceed(const char *path);

/* Has the kernel kill a process of its own that does so. */
void memory_group_kill_one(const struct memory_group *group);

#endif
