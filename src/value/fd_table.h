/*
 * fd_table.h - descriptors that placeholders stand for
 *
 * JSON values have no destructors, so a placeholder cannot own its descriptor. The descriptor lies
 * in a table of the process, under a number that is never used again, and belongs to an owner: a
 * call, a handle or a receiver. All functions may be called by any thread; the table has its own
 * lock.
 */
#ifndef FORKSCOPE_VALUE_FD_TABLE_H
#define FORKSCOPE_VALUE_FD_TABLE_H

#include "src/base/guarded.h"
#include <forkscope/value.h>
#include <stdint.h>

struct procspawn__fd_entry;

extern struct base__lock fd_table_lock;

/* Owns its entries of the table. {0} owns none. */
struct procspawn__fd_owner {
    struct procspawn__fd_entry *first GUARDED_BY(fd_table_lock);
};

/* The owner of descriptors that the program has given away to be sent, until they are sent. */
extern struct procspawn__fd_owner procspawn__fds_to_send;

/*
 * Puts a descriptor into the table; it is taken, also on failure. Returns 0, -ENOMEM or another
 * errno.
 */
int procspawn__fd_table_add(struct procspawn__fd_owner *owner, enum procspawn_value_kind kind,
                            int fd, uint64_t *ret_number);

/*
 * The same in two steps. An entry without a descriptor, which cannot be taken or sent: 0 or
 * -ENOMEM. Then its descriptor, which is taken: 0, or -EPROTO. A noted one is not looked at again.
 */
int procspawn__fd_table_reserve(struct procspawn__fd_owner *owner, enum procspawn_value_kind kind,
                                uint64_t *ret_number);
/* `file`: as base__fd_hold_file. */
int procspawn__fd_table_fill(uint64_t number, int fd, uint64_t file);

/*
 * Takes the descriptor out, so that the caller owns it; this works once. It is noted, and the
 * caller has to look whether it is still the same file. Returns 0 or PROCSPAWN_EVALUE.
 */
int procspawn__fd_table_take(uint64_t number, enum procspawn_value_kind kind, int *ret_fd);

/*
 * Returns a descriptor to be sent, which is noted: a duplicate if it was received, the descriptor
 * itself if it was given. Returns 0, PROCSPAWN_EVALUE or an errno of fcntl(2).
 */
int procspawn__fd_table_send(uint64_t number, enum procspawn_value_kind kind, int *ret_fd);

void procspawn__fd_table_drop(uint64_t number);

/* Closes all descriptors of the owner that were not taken. The owner is empty afterwards. */
void procspawn__fd_owner_release(struct procspawn__fd_owner *owner);

/*
 * For a forked process: empties the table and closes nothing. The numbers may mean other
 * descriptors there, and another thread may have held the lock at the fork.
 */
void procspawn__fd_table_forget(void);

#endif
