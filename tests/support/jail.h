/*
 * jail.h - a seccomp filter that refuses one system call, or some uses of it, and nothing else
 */
#ifndef FORKSCOPE_SUPPORT_JAIL_H
#define FORKSCOPE_SUPPORT_JAIL_H

#include <stdint.h>

struct jail_rule {
    long number;                /* number of the system call */
    unsigned argument;          /* index of the argument to compare; its lower 32 bits */
    uint32_t mask;              /* 0: every use is refused */
    uint32_t value;             /* refused if the masked argument has this value */
};

/*
 * From now on the system call fails with this error, in this process and all that it forks. Ends
 * the process if the filter cannot be installed.
 */
void jail_enter(const struct jail_rule *rule, int error);

/* From now on the system call ends the process by SIGSYS. */
void jail_enter_deadly(const struct jail_rule *rule);

#endif
