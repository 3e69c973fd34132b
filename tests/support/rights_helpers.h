/*
 * rights_helpers.h - the ids and rights of a thread as JSON, and how it gives some of them up
 */
#ifndef FORKSCOPE_SUPPORT_RIGHTS_HELPERS_H
#define FORKSCOPE_SUPPORT_RIGHTS_HELPERS_H

#include "tests/support/call_helpers.h"
#include <stdint.h>
#include <sys/types.h>

enum { RIGHTS_USER = 1234, RIGHTS_GROUP = 2345, RIGHTS_OTHER_GROUP = 3456 };

/* Returns ids, groups, capabilities, securebits and no_new_privs of the calling thread. */
json_t *rights_now(void);
/* A function to call. */
json_t *rights_tell(json_t *argument);
/* Returns the message that the call was refused with, or "obeyed" if it succeeded. */
json_t *rights_outcome(procspawn_handle *handle);

/*
 * Starts a child by the builder (NULL: none) and checks that it has the ids and rights of the
 * calling thread.
 */
void rights_check_child(procspawn_builder *builder);

/* Sets the capability sets of the calling thread, and asserts that this works. */
void rights_set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable);
uint64_t rights_permitted(void);
uint64_t rights_effective(void);

#define RIGHTS_BIT(capability) (UINT64_C(1) << (capability))

/* Sets ids of the calling thread only. */
void rights_become(uid_t real, uid_t effective, uid_t saved);
void rights_become_group(gid_t real, gid_t effective, gid_t saved);
void rights_set_groups(size_t count, const gid_t *groups);

#endif
