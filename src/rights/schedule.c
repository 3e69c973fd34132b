/*
 * schedule.c - reads, compares and sets how a thread is scheduled
 */
#include "src/rights/schedule.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* SCHED_DEADLINE and SCHED_FLAG_RESET_ON_FORK, which some headers lack. */
enum { POLICY_DEADLINE = 6, FLAG_RESET_ON_FORK = 1 };

/* struct sched_attr in its first version, of Linux 3.14. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static bool is_fixed(uint32_t policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* What fork(2) does to the schedule; `reset`: SCHED_RESET_ON_FORK is set. */
static void reset_for_child(struct procspawn__schedule *schedule, bool reset)
{
    if (schedule->policy == POLICY_DEADLINE || (reset && is_fixed(schedule->policy))) {
        schedule->policy = SCHED_OTHER;
        schedule->priority = 0;
        schedule->nice = 0;
    } else if (reset && schedule->nice < 0) {
        schedule->nice = 0;
    }
}

void procspawn__schedule_read(pid_t pid, struct procspawn__schedule *ret_schedule)
{
    struct attributes attributes = { 0 };
    long length = syscall(SYS_sched_getaffinity, pid, sizeof ret_schedule->mask,
                          ret_schedule->mask);

    ret_schedule->mask_length = length > 0 ? (uint32_t)length : 0;
    ret_schedule->known = syscall(SYS_sched_getattr, pid, &attributes, sizeof attributes, 0) == 0;
    ret_schedule->policy = attributes.policy;
    ret_schedule->priority = attributes.priority;
    ret_schedule->nice = attributes.nice;
    reset_for_child(ret_schedule, attributes.flags & FLAG_RESET_ON_FORK);
}

void procspawn__schedule_copy(struct procspawn__schedule *to,
                              const struct procspawn__schedule *from)
{
    memcpy(to, from, offsetof(struct procspawn__schedule, mask) + from->mask_length);
}

bool procspawn__schedule_same(const struct procspawn__schedule *a,
                              const struct procspawn__schedule *b)
{
    if (!a->known || !b->known)
        return true;
    return a->policy == b->policy && a->priority == b->priority && a->nice == b->nice;
}

bool procspawn__processors_same(const struct procspawn__schedule *a,
                                const struct procspawn__schedule *b)
{
    if (a->mask_length == 0 || b->mask_length == 0)
        return true;
    return a->mask_length == b->mask_length && memcmp(a->mask, b->mask, a->mask_length) == 0;
}

static int set_policy(const struct procspawn__schedule *wanted,
                      const struct procspawn__schedule *now)
{
    struct sched_param parameter = { .sched_priority = (int)wanted->priority };

    if (wanted->policy == now->policy && wanted->priority == now->priority)
        return 0;
    return sched_setscheduler(0, (int)wanted->policy, &parameter) < 0 ? -errno : 0;
}

static int set_nice(const struct procspawn__schedule *wanted,
                    const struct procspawn__schedule *now)
{
    /* A thread with a real-time policy has no niceness: the value read is not in effect. */
    if (is_fixed(wanted->policy) || (wanted->nice == now->nice && !is_fixed(now->policy)))
        return 0;
    return setpriority(PRIO_PROCESS, 0, wanted->nice) < 0 ? -errno : 0;
}

static int set_processors(const struct procspawn__schedule *wanted,
                          const struct procspawn__schedule *now)
{
    if (procspawn__processors_same(wanted, now))
        return 0;
    long rc = syscall(SYS_sched_setaffinity, 0, (size_t)wanted->mask_length, wanted->mask);
    return rc < 0 ? -errno : 0;
}

int procspawn__schedule_set(const struct procspawn__schedule *wanted,
                            const struct procspawn__schedule *now)
{
    int rc = 0;

    if (wanted->known && now->known) {
        rc = set_policy(wanted, now);
        if (rc == 0)
            rc = set_nice(wanted, now);
    }
    return rc < 0 ? rc : set_processors(wanted, now);
}

/* ---- at init ---- */

static struct procspawn__schedule initial;

void procspawn__schedule_record(void)
{
    procspawn__schedule_read(0, &initial);
}

const struct procspawn__schedule *procspawn__schedule_initial(void)
{
    return &initial;
}
