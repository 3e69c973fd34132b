/*
 * control.h - messages to a server about a child: end it, limit its time, it has answered
 */
#ifndef FORKSCOPE_CLIENT_CONTROL_H
#define FORKSCOPE_CLIENT_CONTROL_H

#include "src/client/remote_child.h"
#include "src/client/state.h"
#include "src/wire/protocol.h"
#include <stddef.h>
#include <stdint.h>

/*
 * Has the server end a child (grace in nanoseconds), or tells it a time limit of the child's call
 * (protocol.h). If the link is full, waits up to ten seconds, but not beyond the deadline. 0 or
 * PROCSPAWN_ESERVER.
 */
int procspawn__client_end_child(const struct procspawn__remote_child *child, int signal,
                                int64_t grace, enum wire_end_cause cause);
int procspawn__client_limit(const struct procspawn__remote_child *child, enum wire_limit_kind kind,
                            int64_t until, int64_t length, int64_t deadline);
/* The same without waiting: 0; -EPIPE: the server is gone; or -errno: may be repeated. */
int procspawn__client_try_end_child(const struct procspawn__remote_child *child, int signal,
                                    int64_t grace, enum wire_end_cause cause);
int procspawn__client_try_limit(const struct procspawn__remote_child *child,
                                enum wire_limit_kind kind, int64_t until, int64_t length);

/* The child has answered: the server ends it if it still runs after about two seconds. */
void procspawn__client_answered(const struct procspawn__remote_child *child);

/* With the client's lock held: the link of the child's server, or NULL if that has died. */
const struct procspawn__link *procspawn__link_of(const struct procspawn__remote_child *child)
    REQUIRES(client_lock);
/* With the client's lock held: sends one message. 0; -EPIPE: the server is gone; or -errno: the
 * link is full, or memory is short. */
int procspawn__tell_once(const struct procspawn__remote_child *child, enum wire_type type,
                         const void *body, size_t length) REQUIRES(client_lock);

#endif
