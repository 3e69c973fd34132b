/*
 * terminate.h - all that ends a child before it exits by itself
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_TERMINATE_H
#define FORKSCOPE_FORKSERVER_CHILDREN_TERMINATE_H

#include "src/wire/protocol.h"
#include <stdint.h>

struct child;
struct requester;
struct server;

/* Sends the signal now, and SIGKILL after the grace. */
void forkserver__terminate(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause);
/* The child is dead or was killed: starts the timeouts for its end. */
void forkserver__expect_end(struct server *s, struct child *child);
/* The child was not dying after all: continues a deferred termination. */
void forkserver__terminate_resume(struct server *s, struct child *child);
/* Ends the report: the child continues, or is killed if its end was requested meanwhile. */
void forkserver__after_report(struct server *s, struct child *child);
void forkserver__terminate_nested(struct server *s, const struct requester *requester);
void forkserver__terminate_all(struct server *s, int signal, int64_t grace,
                               enum wire_end_cause cause);
/* Schedules a look at children that have answered but did not exit. */
void forkserver__check_answers_soon(struct server *s);
/* Ends what has reached its moment. */
void forkserver__terminate_due(struct server *s, int64_t now);

#endif
