/*
 * schedule.h - how a thread is scheduled: policy, niceness or priority, allowed processors
 */
#ifndef FORKSCOPE_RIGHTS_SCHEDULE_H
#define FORKSCOPE_RIGHTS_SCHEDULE_H

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
 * Reads the schedule that a child by fork(2) of this process would have; 0: of the calling thread.
 * A priority with SCHED_RESET_ON_FORK and SCHED_DEADLINE are left out: no child inherits them.
 */
void procspawn__schedule_read(pid_t pid, struct procspawn__schedule *ret_schedule);

/* At init: records the schedule of the calling thread; a child has it unless a call changes it. */
void procspawn__schedule_record(void);
const struct procspawn__schedule *procspawn__schedule_initial(void);

/* Copies the used part of the mask only. */
void procspawn__schedule_copy(struct procspawn__schedule *to,
                              const struct procspawn__schedule *from);

/* Compare policy, priority and niceness; and the processors. An unknown value equals any other. */
bool procspawn__schedule_same(const struct procspawn__schedule *a,
                              const struct procspawn__schedule *b);
bool procspawn__processors_same(const struct procspawn__schedule *a,
                                const struct procspawn__schedule *b);

/* Changes the calling thread, whose schedule is `now`, to `wanted`. 0 or -errno. */
int procspawn__schedule_set(const struct procspawn__schedule *wanted,
                            const struct procspawn__schedule *now);

#endif
