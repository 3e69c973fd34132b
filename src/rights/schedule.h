/*
 * schedule.h - how a thread is scheduled: policy, niceness or priority, and on which processors
 */
#ifndef FORKSCOPE_PROC_SCHEDULE_H
#define FORKSCOPE_PROC_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCSPAWN__PROCESSORS_MAX = 1024 };      /* bytes of a mask: 8,192 processors */

struct procspawn__schedule {
    bool known;                 /* policy, niceness and priority could be read */
    uint32_t policy;
    uint32_t priority;
    int32_t nice;
    uint32_t mask_length;       /* 0: the processors could not be read */
    unsigned char mask[PROCSPAWN__PROCESSORS_MAX];
};

/*
 * Reads how a process is scheduled, 0 for the calling thread, as a child of fork(2) would be:
 * without the priority of a thread that keeps it from its children (SCHED_RESET_ON_FORK), and
 * without SCHED_DEADLINE, which no child can have.
 */
void procspawn__schedule_read(pid_t pid, struct procspawn__schedule *ret_schedule);

/* That of the calling thread is the one at init, which children have unless they are told otherwise. */
void procspawn__schedule_remember(void);
const struct procspawn__schedule *procspawn__schedule_initial(void);

/* Copies no more of the mask than there is. */
void procspawn__schedule_copy(struct procspawn__schedule *to,
                              const struct procspawn__schedule *from);

/* Unknown is like everything. */
bool procspawn__schedule_same(const struct procspawn__schedule *a,
                              const struct procspawn__schedule *b);
bool procspawn__processors_same(const struct procspawn__schedule *a,
                                const struct procspawn__schedule *b);

/* Makes the calling thread, which is as now says, so. Returns 0 or -errno. */
int procspawn__schedule_set(const struct procspawn__schedule *wanted,
                            const struct procspawn__schedule *now);

#endif
