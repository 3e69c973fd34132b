/* How a process that is going to believe what a child wrote gives up all rights that the child has
 * not.
 *
 * Whatever that child makes of it then, it is no more than another process of the child's user, and
 * one without capabilities, that cannot be traced by that user, and that has little memory and
 * little time. */
#ifndef FORKSERVER_CONFINE_H
#define FORKSERVER_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

enum { CONFINE_GROUPS = 64 };    /* of more than these the rest is left out: fewer rights */

struct confine_ids {
    uid_t uid;    /* the real ones: the others may have been lent by a program */
    gid_t gid;
    gid_t groups[CONFINE_GROUPS];
    size_t group_count;
};

/* What the kernel says of a process; its children, threads and namespaces have no say in that.
 * Returns 0 or a negative errno value. */
int forkserver__confine_ids(pid_t pid, struct confine_ids *ret_ids);

/* For the rest of this process's life. Returns 0, or -EPERM when it has, or may have, more rights
 * than wanted; then it must look at nothing. */
int forkserver__confine(const struct confine_ids *ids);

/* No more memory than there is now and so many bytes; no file longer than file_bytes; no core file;
 * killed after so many nanoseconds from now, and after as many seconds of the processor. */
struct confine_limits {
    uint64_t memory;
    uint64_t file_bytes;
    int64_t time;
};

void forkserver__confine_limits(const struct confine_limits *limits);

#endif
