/*
 * quota.h - limits of nested children
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_QUOTA_H
#define FORKSCOPE_FORKSERVER_CHILDREN_QUOTA_H

#include <stdbool.h>

struct asker;
struct server;

/* Returns how many of `count` requested children the asker may have. */
unsigned forkserver__quota_grant(const struct server *s, const struct asker *asker,
                                 unsigned count);
/* Is the limit of all nested children reached? */
bool forkserver__quota_full(const struct server *s, const struct asker *asker);
/* Adds `change` to the count of nested children, if the asker is a child. */
void forkserver__quota_count(struct server *s, const struct asker *asker, int change);

#endif
