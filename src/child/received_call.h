/*
 * received_call.h - decodes a CALL in the child
 *
 * The bytes are untrusted. The parts of the block must be read in the order of call.h; each
 * function checks that its part is complete.
 */
#ifndef FORKSCOPE_CHILD_RECEIVED_CALL_H
#define FORKSCOPE_CHILD_RECEIVED_CALL_H

#include "src/rights/schedule.h"
#include "src/sandbox/policy.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* The call, and where its block and text lie; {0}: none. */
struct procspawn__received_call {
    struct wire_call call;
    struct wire_reader block;
    const unsigned char *text;
    const unsigned char *mapped;
    size_t mapped_length;
};

/* 0, -EPROTO, or -errno if what is not in the frame cannot be mapped. The result points into the
 * frame's body, into a mapping, which lasts until procspawn__received_call_drop, or into a standing
 * buffer (standing.h), which the sender leaves alone until the call is answered. */
int procspawn__received_call_read(struct wire_frame *frame,
                                  struct procspawn__received_call *ret_received);
void procspawn__received_call_drop(struct procspawn__received_call *received);

/* Returns how many descriptors of the frame come before those of the argument. */
size_t procspawn__received_call_descriptors(const struct wire_call *call);

/* ---- parts of the block: 0 or -EPROTO; also -ENOMEM if the result is new memory ---- */

struct procspawn__limits {
    uint32_t count;
    uint32_t resource[WIRE_LIMITS_MAX];
    struct rlimit limit[WIRE_LIMITS_MAX];
};

int procspawn__received_call_limits(struct wire_reader *block,
                                    struct procspawn__limits *ret_limits);

/* Changes in *schedule what the call sets. */
int procspawn__received_call_schedule(uint32_t flags, struct wire_reader *block,
                                      struct procspawn__schedule *schedule);

/* An array of strings that ends with NULL, as environ; all in new memory. */
int procspawn__received_call_environment(struct wire_reader *block, char ***ret_variables);

/* All in new memory. */
int procspawn__received_call_sandbox(struct wire_reader *block,
                                     struct procspawn__sandbox *ret_sandbox);

/* -1: not chosen. */
int procspawn__received_call_chosen_ids(uint32_t flags, struct wire_reader *block, uid_t *ret_uid,
                                        gid_t *ret_gid);

#endif
