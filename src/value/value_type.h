/*
 * kind.h - what a descriptor must be to pass for one of our things
 */
#ifndef FORKSCOPE_PROC_KIND_H
#define FORKSCOPE_PROC_KIND_H

#include <forkscope/value.h>
#include <stdbool.h>

/* As it is called on the wire; NULL for PLAIN. */
const char *procspawn__kind_name(enum procspawn_value_kind kind);
/* PLAIN for a name of none. */
enum procspawn_value_kind procspawn__kind_by_name(const char *name);

/* Does the descriptor keep what its kind promises? A sender may have lied. */
bool procspawn__kind_fits(enum procspawn_value_kind kind, int fd);

/* Returns 0, -EBADF if it is not open, PROCSPAWN_EVALUE if it is something else, or -errno. */
int procspawn__kind_duplicate(enum procspawn_value_kind kind, int fd, int *ret_fd);

#endif
