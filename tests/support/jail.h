/* A jail that refuses one system call, or some uses of it, and nothing else. */
#ifndef TESTS_JAIL_H
#define TESTS_JAIL_H

#include <stdint.h>

struct jail_rule {
    long number;                /* of the system call */
    unsigned argument;          /* which one is looked at; its lower 32 bits */
    uint32_t mask;              /* 0: every use is refused */
    uint32_t value;             /* refused where the masked argument is this */
};

/* The system call fails with this error from now on, here and in whatever is forked. Ends the
 * process if that cannot be had. */
void jail_enter(const struct jail_rule *rule, int error);

/* It ends the process from now on, by SIGSYS. */
void jail_enter_deadly(const struct jail_rule *rule);

#endif
