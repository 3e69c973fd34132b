/*
 * prepared.h - children that are in their sandbox already, and wait for a call
 *
 * To enter a sandbox takes as long as to start a process. So after a sandboxed call another child
 * is sent all that the call asked for but its function, streams and environment; it does its
 * set-up, enters the sandbox, and waits. The next call for which all of that is the same takes it;
 * the paths that are let in must lead to the same files.
 * The call is sent as a whole: a process that has to replace the child (REBORN) does all anew.
 *
 * A child that is not taken within a second ends.
 */
#ifndef FORKSCOPE_CALL_PREPARED_H
#define FORKSCOPE_CALL_PREPARED_H

#include "src/base/guarded.h"
#include "src/call/builder.h"
#include "src/call/request.h"
#include "src/client/remote_child.h"
#include <stdbool.h>

extern struct base__lock prepared_lock;

/* What a child is to be before its call comes: the message to it, and what else is compared. */
struct procspawn__preparation;

/*
 * Of a described request, before it is sealed. NULL: it has no sandbox, or something that a waiting
 * child cannot have, or there is no memory; then each call has a new child.
 */
struct procspawn__preparation *procspawn__preparation_new(const procspawn_builder *builder,
                                                          const struct procspawn__request *request);
void procspawn__preparation_free(struct procspawn__preparation *preparation);

/* Takes a child that is so prepared. false: there is none. The preparation may be NULL. */
bool procspawn__prepared_take(const struct procspawn__preparation *preparation,
                              struct procspawn__remote_child *ret_child) EXCLUDES(prepared_lock);
/* Prepares a child, if there is a spare; does not wait. Takes the preparation. */
void procspawn__prepared_add(struct procspawn__preparation *preparation) EXCLUDES(prepared_lock);

/* Drops all children; forget: in a copy of the process. */
void procspawn__prepared_drop(void) EXCLUDES(prepared_lock);
void procspawn__prepared_forget(void) EXCLUDES(prepared_lock);

#endif
