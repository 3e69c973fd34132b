/*
 * sandboxed.h - the sandbox of a child: kept from the call that asks for it, entered once
 */
#ifndef FORKSCOPE_CHILD_SANDBOXED_H
#define FORKSCOPE_CHILD_SANDBOXED_H

#include "src/wire/codec.h"

/* Keeps what the call says of a sandbox. 0, -EPROTO or -ENOMEM. */
int procspawn__sandboxed_keep(struct wire_reader *block);

/* Takes the socket to the learner, which gets the listener when the sandbox is entered. */
void procspawn__sandboxed_learner(int socket);

/*
 * Enters what was kept, if it has a profile and was not entered. 0, or -errno and why in words, in
 * static memory.
 */
int procspawn__sandboxed_enter(const char **ret_reason);

#endif
