/*
 * jail.c - a seccomp filter with one rule
 */
#include "tests/support/jail.h"

#include <endian.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* Returns the offset of the lower half of a 64-bit argument. */
static uint32_t offset_of(unsigned argument)
{
    uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + argument * 8;
    return __BYTE_ORDER == __BIG_ENDIAN ? offset + 4 : offset;
}

static void enter(const struct jail_rule *rule, uint32_t action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset_of(rule->argument)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule->mask),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        abort();
}

void jail_enter(const struct jail_rule *rule, int error)
{
    enter(rule, SECCOMP_RET_ERRNO | (uint32_t)error);
}

void jail_enter_deadly(const struct jail_rule *rule)
{
    enter(rule, SECCOMP_RET_KILL_PROCESS);
}
