/*
 * control.h - what a server is told of a child
 */
#ifndef FORKSCOPE_CLIENT_CONTROL_H
#define FORKSCOPE_CLIENT_CONTROL_H

#include "src/client/state.h"
#include "src/client/taken.h"
#include "src/wire/protocol.h"
#include <stddef.h>
#include <stdint.h>

/*
 * Has the server end a child, or limit its time. Waits for room on the link, ten seconds at most, and
 * not beyond the deadline: for a server that is stopped, or far behind. 0 or PROCSPAWN_ESERVER.
 */
int procspawn__client_end_child(const struct procspawn__taken *taken, int signal, int64_t grace);
int procspawn__client_limit(const struct procspawn__taken *taken, int64_t when, int64_t deadline);
/* The same once: 0, -EPIPE when the server is gone, or why it cannot be told just now. */
int procspawn__client_try_end_child(const struct procspawn__taken *taken, int signal, int64_t grace);
int procspawn__client_try_limit(const struct procspawn__taken *taken, int64_t when);

/* The child has answered, and nothing but its death is wanted of it: it has two seconds. */
void procspawn__client_answered(const struct procspawn__taken *taken);

/* With the client's lock held: the link of the child's server; NULL when that has died. */
const struct procspawn__link *procspawn__link_of(const struct procspawn__taken *taken);
/* The same: 0, -EPIPE when the server is gone, -EAGAIN and the like when it has no room. */
int procspawn__tell_once(const struct procspawn__taken *taken, enum wire_type type,
                         const void *body, size_t length);

#endif
