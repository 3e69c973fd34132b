/*
 * tree_helpers.h - what the tests of processes in scopes share
 */
#ifndef FORKSCOPE_SUPPORT_TREE_HELPERS_H
#define FORKSCOPE_SUPPORT_TREE_HELPERS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* Functions to call: one crashes, one ignores SIGTERM and hangs, one returns null. */
json_t *tree_crash(json_t *null);
json_t *tree_ignore_term(json_t *pipe_fd);
json_t *tree_give_null(json_t *unused);

/* Is there such a process, zombies included? */
bool tree_exists(pid_t pid);

#endif
