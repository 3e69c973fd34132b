/*
 * rights_tools.h - what a thread is and may, in words, and how it gives some of it up
 */
#ifndef TESTS_RIGHTS_TOOLS_H
#define TESTS_RIGHTS_TOOLS_H

#include "tests/support/call_helpers.h"
#include <stdint.h>
#include <sys/types.h>

enum { RIGHTS_USER = 1234, RIGHTS_GROUP = 2345, RIGHTS_OTHER_GROUP = 3456 };

/* Ids, groups, capabilities, securebits and no_new_privs of the calling thread. */
json_t *rights_now(void);
/* A function to call. */
json_t *rights_tell(json_t *argument);
/* The sentence that a failed call was refused with, "obeyed" when it was not. */
json_t *rights_outcome(procspawn_handle *handle);

/* Has a child by the builder (NULL: none), which must be what the calling thread is. */
void rights_check_child(procspawn_builder *builder);

/* Capability sets of the calling thread; what cannot be had is a failure. */
void rights_set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable);
uint64_t rights_permitted(void);
uint64_t rights_effective(void);

#define RIGHTS_BIT(capability) (UINT64_C(1) << (capability))

/* Ids of the calling thread alone. */
void rights_become(uid_t real, uid_t effective, uid_t saved);
void rights_become_group(gid_t real, gid_t effective, gid_t saved);
void rights_set_groups(size_t count, const gid_t *groups);

#endif
