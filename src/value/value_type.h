/*
 * value_type.h - the types of values, and what a descriptor must be for each of them
 */
#ifndef FORKSCOPE_VALUE_VALUE_TYPE_H
#define FORKSCOPE_VALUE_VALUE_TYPE_H

#include <forkscope/value.h>
#include <stdbool.h>

/* Returns the type's name on the wire; NULL for PLAIN and BYTES. */
const char *procspawn__kind_name(enum procspawn_value_kind kind);
/* Returns PLAIN for an unknown name. */
enum procspawn_value_kind procspawn__kind_by_name(const char *name);

/* Returns whether the descriptor is what its type says. The sender is not trusted. */
bool procspawn__kind_fits(enum procspawn_value_kind kind, int fd);

/*
 * Duplicates a descriptor of this type. Returns 0, PROCSPAWN_EVALUE if it is of another type,
 * -EBADF if it is not open, or another errno.
 */
int procspawn__kind_duplicate(enum procspawn_value_kind kind, int fd, int *ret_fd);

#endif
