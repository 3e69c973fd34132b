/*
 * identity.h - the ids, groups, capabilities and other rights of a thread
 *
 * What differs in the caller from the state at init is written into the call (identity.c). The
 * child starts with the state at init and applies the difference (src/child/become.c).
 */
#ifndef FORKSCOPE_RIGHTS_IDENTITY_H
#define FORKSCOPE_RIGHTS_IDENTITY_H

#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__identity {
    uid_t uid[3];               /* real, effective, saved */
    gid_t gid[3];
    bool regrouped;             /* the groups were read from a call: not those at init */
    gid_t *groups;
    uint32_t group_count;
    struct procspawn__rights rights;
    pid_t thread;               /* thread id of the caller; 0: its main thread */
};

/* At init: records the identity of the calling thread. 0 or -errno. */
int procspawn__identity_record(const struct procspawn__status *status);
const struct procspawn__identity *procspawn__identity_initial(void);

/* Appends to the call what differs in the calling thread from the state at init. 0 or -errno. */
int procspawn__identity_describe(struct wire_call *call, struct wire_writer *block,
                                 const struct procspawn__status *status);

/*
 * In the child: reads what was appended; the rest is as at init. 0, -ENOMEM or -EPROTO. On
 * success the result is freed with procspawn__identity_fini.
 */
int procspawn__identity_read(const struct wire_call *call, struct wire_reader *block,
                             struct procspawn__identity *ret_identity);
void procspawn__identity_fini(struct procspawn__identity *identity);

#endif
