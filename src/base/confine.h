/*
 * confine.h - drops all rights that a child does not have, before its memory is read
 *
 * Whatever the child's data can make this process do then, it is only one more process of the
 * child's user, without capabilities, not traceable by that user, and with little memory and time.
 */
#ifndef FORKSCOPE_BASE_CONFINE_H
#define FORKSCOPE_BASE_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

enum { CONFINE_GROUPS = 64 };    /* further groups are omitted: fewer rights */

struct confine_ids {
    uid_t uid;    /* real ids: effective ones may come from a set-user-ID program */
    gid_t gid;
    gid_t groups[CONFINE_GROUPS];
    size_t group_count;
};

/*
 * Reads the ids of a process from /proc; the process cannot forge them. Returns 0 or a negative
 * errno value.
 */
int base__confine_ids(pid_t pid, struct confine_ids *ret_ids);

/*
 * Takes these ids and drops all capabilities, for the rest of the process's life. Returns 0, or
 * -EPERM if it may still have more rights; then the caller must read nothing of the child.
 */
int base__confine(const struct confine_ids *ids);

/*
 * Sets limits: `memory` bytes beyond the present use, files of at most file_bytes, no core file,
 * and a kill after `time` nanoseconds, and after about as much CPU time.
 */
struct confine_limits {
    uint64_t memory;
    uint64_t file_bytes;
    int64_t time;
};

void base__confine_limits(const struct confine_limits *limits);

#endif
