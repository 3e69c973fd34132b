/*
 * quota.h - limits of nested children
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_QUOTA_H
#define FORKSCOPE_FORKSERVER_CHILDREN_QUOTA_H

#include <stdbool.h>

struct requester;
struct server;

/* Returns how many of `count` requested children the requester may have. */
unsigned forkserver__quota_grant(const struct server *s, const struct requester *requester,
                                 unsigned count);
/* Is the limit of all nested children reached? */
bool forkserver__quota_full(const struct server *s, const struct requester *requester);
/* Adds `change` to the count of nested children, if the requester is a child. */
void forkserver__quota_count(struct server *s, const struct requester *requester, int change);

#endif
