/*
 * rules.h - the table of rules (rules.def) as data
 */
#ifndef FORKSCOPE_SANDBOX_RULES_H
#define FORKSCOPE_SANDBOX_RULES_H

#include <forkscope/sandbox.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* Newest system call that the table was written for. Those with higher numbers fail with ENOSYS. */
enum { SANDBOX_NEWEST_CALL = 450 };

/*
 * Between these two no number was given to a system call, on all processors. On x86-64, newer
 * kernels use two of them for their own probes, and ask no filter.
 */
enum { SANDBOX_GAP_BEGIN = 335, SANDBOX_GAP_END = 424 };

enum sandbox_profiles {
    SANDBOX_COMPUTE = PROCSPAWN_SANDBOX_COMPUTE,
    SANDBOX_FILES = PROCSPAWN_SANDBOX_FILES,
    SANDBOX_NETWORK = PROCSPAWN_SANDBOX_NETWORK,
    SANDBOX_COMPUTE_ONLY
};

enum sandbox_verdict {
    SANDBOX_ALLOW,
    SANDBOX_THREADS,            /* ALLOW with PROCSPAWN_ALLOW_THREADS, else EPERM */
    SANDBOX_CODE,               /* ALLOW with PROCSPAWN_ALLOW_CODE, else denied */
    SANDBOX_LISTEN,             /* ALLOW if a port to listen on was let in, else denied */
    SANDBOX_EPERM,
    SANDBOX_EINVAL,
    SANDBOX_ENOSYS,
    SANDBOX_EOPNOTSUPP,
    SANDBOX_EMULATE,            /* the SIGSYS handler decides (trap.h) */
    SANDBOX_DENIED              /* no rule names the call */
};

enum sandbox_comparison {
    SANDBOX_INT_BITS,           /* low half of the argument & mask == value */
    SANDBOX_WORD_BITS,          /* the same, whole argument */
    SANDBOX_WORD,               /* == value */
    SANDBOX_OTHER,              /* != value */
    SANDBOX_LESS_EQUAL,         /* <= value */
    SANDBOX_OWN,                /* low half == this process's id */
    SANDBOX_OWN_FILTER          /* == address of the library's filter */
};

struct sandbox_condition {
    enum sandbox_comparison comparison;
    unsigned argument;
    uint64_t mask;
    uint64_t value;
    const char *text;           /* for people */
};

enum { SANDBOX_CONDITIONS = 3 };

struct sandbox_rule {
    enum sandbox_profiles profiles;
    enum sandbox_verdict verdict;
    long number;
    const char *name;
    size_t condition_count;
    struct sandbox_condition condition[SANDBOX_CONDITIONS];
};

extern const struct sandbox_rule sandbox__rules[];
extern const size_t sandbox__rule_count;

/* Does the rule belong to this profile? */
bool sandbox__rule_is_of(const struct sandbox_rule *rule, enum procspawn_sandbox profile);

#endif
