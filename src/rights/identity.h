/*
 * identity.h - who a thread is and what it may: ids, groups, and the rights beside them
 *
 * The caller's, where it differs from that at init, is written into the call (identity.c); the
 * child, which starts with that of init, becomes the same (become.c).
 */
#ifndef FORKSCOPE_PROC_IDENTITY_H
#define FORKSCOPE_PROC_IDENTITY_H

#include "src/call/internal.h"
#include "src/rights/status.h"

/* One step of many: its failure is that of the calling function, and *ret_what says what failed. */
#define PROCSPAWN__STEP(condition, step, text) \
    do { \
        int rc_ = (condition) ? (step) : 0; \
        if (rc_ < 0) { \
            *ret_what = (text); \
            return rc_; \
        } \
    } while (0)

struct procspawn__identity {
    uid_t uid[3];               /* real, effective, saved */
    gid_t gid[3];
    bool regrouped;             /* these are not those of init */
    gid_t *groups;
    uint32_t group_count;
    struct procspawn__rights rights;
    pid_t thread;               /* of a caller, if it is not the main one; else 0 */
};

/* ---- identity.c ---- */

/* Remembers that of the calling thread as that at init. */
int procspawn__identity_remember(const struct procspawn__status *status);
const struct procspawn__identity *procspawn__identity_initial(void);

/* Writes down where that of the calling thread is another one. */
int procspawn__identity_describe(struct procspawn__draft *draft,
                                 const struct procspawn__status *status);

/* Reads what was written; the rest is as at init. Frees the groups that were read. */
int procspawn__identity_read(const struct wire_call *call, struct wire_reader *block,
                             struct procspawn__identity *ret_identity);
void procspawn__identity_fini(struct procspawn__identity *identity);

/* ---- become.c: in a child that is as at init ---- */

/* Takes up all permitted capabilities, for the steps that need one. */
int procspawn__become_able(void);

/* Has other ones of its permitted capabilities in effect. */
int procspawn__become_effective(uint64_t effective, uint64_t *ret_before);

/* Has no capability, and cannot have one again, whatever it executes. */
int procspawn__become_powerless(void);

/* Becomes exactly that. Returns 0, or -errno with what failed. */
int procspawn__become(const struct procspawn__identity *wanted, const char **ret_what);

#endif
