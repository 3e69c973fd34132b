/*
 * order.h - a CALL as its child reads it, before anything of it is done
 *
 * The bytes are the spawner's word. The parts of the block are read in the order in which call.h
 * names them; each says whether it was there as a whole.
 */
#ifndef FORKSCOPE_PROC_ORDER_H
#define FORKSCOPE_PROC_ORDER_H

#include "src/rights/schedule.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Where the block and the text lie, and what is mapped for them. {0} is none. */
struct procspawn__order {
    struct wire_call call;
    struct wire_reader block;
    const unsigned char *text;
    const unsigned char *mapped;
    size_t mapped_length;
};

/* Returns 0, -EPROTO, or an errno for shared memory that cannot be read. The frame's body, and the
 * order until it is dropped, hold what it points to. */
int procspawn__order_read(struct wire_frame *frame, struct procspawn__order *ret_order);
void procspawn__order_drop(struct procspawn__order *order);

/* How many descriptors of the frame are the call's own, and come before those of the text. */
size_t procspawn__order_descriptors(uint32_t flags);

/* ---- parts of the block: 0 or -EPROTO, and -ENOMEM where there is memory to be had ---- */

struct procspawn__limits {
    uint32_t count;
    uint32_t resource[WIRE_LIMITS_MAX];
    struct rlimit limit[WIRE_LIMITS_MAX];
};

int procspawn__order_limits(struct wire_reader *block, struct procspawn__limits *ret_limits);

/* What the call does not name stays as it is. */
int procspawn__order_schedule(uint32_t flags, struct wire_reader *block,
                              struct procspawn__schedule *schedule);

/* As environ is: an array that ends with NULL. All of it is new memory. */
int procspawn__order_environment(struct wire_reader *block, char ***ret_variables);

/* -1 for one that was not chosen. */
int procspawn__order_chosen_ids(uint32_t flags, struct wire_reader *block, uid_t *ret_uid,
                                gid_t *ret_gid);

#endif
