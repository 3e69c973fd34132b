/*
 * held.h - descriptors that the library holds until somebody takes them
 *
 * JSON values have no destructors, so what a placeholder stands for cannot be owned by it. It lies
 * in a table of the process under a number that is never used again, and belongs to a holder: a
 * call, a handle, a receiver.
 */
#ifndef FORKSCOPE_PROC_HELD_H
#define FORKSCOPE_PROC_HELD_H

#include <forkscope/value.h>
#include <stdint.h>

struct procspawn__held;

/* Owns what is in the table under its name. {0} is an empty one. */
struct procspawn__holder {
    struct procspawn__held *first;
};

/* What was given to be sent, and was not yet. */
extern struct procspawn__holder procspawn__given;

/* Puts a descriptor, which is taken also on failure, into the table. Returns 0 or -ENOMEM. */
int procspawn__hold(struct procspawn__holder *holder, enum procspawn_value_kind kind, int fd,
                    uint64_t *ret_number);

/* Hands it over, once. Returns 0 or PROCSPAWN_EVALUE. */
int procspawn__held_take(uint64_t number, enum procspawn_value_kind kind, int *ret_fd);

/*
 * A descriptor to be sent: a duplicate of what has arrived, the thing itself if it was given.
 * Returns 0, PROCSPAWN_EVALUE or an errno of fcntl(2).
 */
int procspawn__held_send(uint64_t number, enum procspawn_value_kind kind, int *ret_fd);

void procspawn__held_drop(uint64_t number);

/* Closes what nobody took. The holder is empty after it. */
void procspawn__holder_release(struct procspawn__holder *holder);

/* For a process that begins as a copy: nothing is held here. The numbers may mean other descriptors
 * by now, and the table is as some thread may have left it. */
void procspawn__held_forget(void);

#endif
