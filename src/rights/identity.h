/*
 * identity.h - who a thread is and what it may: ids, groups, and the rights beside them
 *
 * The caller's, where it differs from that at init, is written into the call (identity.c); the
 * child, which starts with that of init, becomes the same (become.c).
 */
#ifndef FORKSCOPE_PROC_IDENTITY_H
#define FORKSCOPE_PROC_IDENTITY_H

#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__identity {
    uid_t uid[3];               /* real, effective, saved */
    gid_t gid[3];
    bool regrouped;             /* these are not those of init */
    gid_t *groups;
    uint32_t group_count;
    struct procspawn__rights rights;
    pid_t thread;               /* of a caller, if it is not the main one; else 0 */
};

/* Remembers that of the calling thread as that at init. */
int procspawn__identity_remember(const struct procspawn__status *status);
const struct procspawn__identity *procspawn__identity_initial(void);

/* Writes down where that of the calling thread is another one. */
int procspawn__identity_describe(struct wire_call *call, struct wire_writer *block,
                                 const struct procspawn__status *status);

/* Reads what was written; the rest is as at init. Frees the groups that were read. */
int procspawn__identity_read(const struct wire_call *call, struct wire_reader *block,
                             struct procspawn__identity *ret_identity);
void procspawn__identity_fini(struct procspawn__identity *identity);

#endif
