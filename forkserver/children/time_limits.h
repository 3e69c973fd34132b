/*
 * time_limits.h - how long a child may take for its call
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_TIME_LIMITS_H
#define FORKSCOPE_FORKSERVER_CHILDREN_TIME_LIMITS_H

#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

struct child;
struct server;

void forkserver__limit_set(struct server *s, struct child *child, enum wire_limit_kind kind,
                           int64_t until, int64_t length);
/* There was an event on the channel of a child: its function may have begun. */
void forkserver__limit_look(struct server *s, struct child *child);
/* The child is dead; and: another process has taken its place. */
void forkserver__limit_unwatch(struct server *s, struct child *child);
void forkserver__limit_rewatch(struct server *s, struct child *child);
/* When the next one passes. */
int64_t forkserver__limit_next(const struct child *child);
/* Looks at a limit that has passed again at this moment. */
void forkserver__limit_put_off(struct server *s, struct child *child, enum wire_limit_kind kind,
                               int64_t until);
/* If one has passed, forgets when, and returns true. */
bool forkserver__limit_passed(struct child *child, int64_t now, enum wire_limit_kind *ret_kind);

#endif
