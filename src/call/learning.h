/*
 * learning.h - what a builder with PROCSPAWN_DENIAL_LEARN learns: the program's side of the learner
 */
#ifndef FORKSCOPE_CALL_LEARNING_H
#define FORKSCOPE_CALL_LEARNING_H

#include <forkscope/learn.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>

struct procspawn__learning;

/* Does a process of this builder (NULL: none) learn? A child refuses where that is not allowed. */
bool procspawn__learning_wanted(const procspawn_builder *builder);

/* A new one, with a copy of the builder's sandbox. 0, -ENOMEM or another -errno. */
int procspawn__learning_new(const procspawn_builder *builder,
                            struct procspawn__learning **ret_learning);
/*
 * Makes the memory that the learner shares. Returns a descriptor of it; -EALREADY: it was made;
 * -EFBIG: RLIMIT_FSIZE leaves no room; or another -errno.
 */
int procspawn__learning_share(struct procspawn__learning *learning);
/* Takes the socket to the learner; negative: there is no learner, as if it was never shared.
 * Returns 0 or -errno. */
int procspawn__learning_connect(struct procspawn__learning *learning, int socket);

/* Returns the socket to the learner, which children get, borrowed; -1: none, or closed. */
int procspawn__learning_socket(const struct procspawn__learning *learning);
/* No more children are started: the learner ends with those that there are. NULL is ignored. */
void procspawn__learning_close(struct procspawn__learning *learning);

/* Any thread. The last one that drops it frees it; NULL is ignored. */
struct procspawn__learning *procspawn__learning_ref(struct procspawn__learning *learning);
void procspawn__learning_drop(struct procspawn__learning *learning);
/* In a child by fork(2): frees the memory of this process. */
void procspawn__learning_forget(struct procspawn__learning *learning);

/* What was learned until now. 0, -ENODATA for NULL, or -ENOMEM. */
int procspawn__learning_read(const struct procspawn__learning *learning,
                             procspawn_needs **ret_needs);

#endif
