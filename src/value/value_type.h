/*
 * value_type.h - the types of values, and what a descriptor must be for each of them
 */
#ifndef FORKSCOPE_VALUE_VALUE_TYPE_H
#define FORKSCOPE_VALUE_VALUE_TYPE_H

#include <forkscope/value.h>
#include <stdbool.h>
#include <stdint.h>

/* Returns the type's name on the wire; NULL for PLAIN and BYTES. */
const char *procspawn__kind_name(enum procspawn_value_kind kind);
/* Returns PLAIN for an unknown name. */
enum procspawn_value_kind procspawn__kind_by_name(const char *name);

/*
 * Returns whether the descriptor is what its type says. The sender is not trusted. *ret_file
 * becomes what identifies its file (base__fd_hold_file), 0 if that was not looked at.
 */
bool procspawn__kind_fits(enum procspawn_value_kind kind, int fd, uint64_t *ret_file);

/*
 * Duplicates a descriptor of this type, and notes the duplicate (base/fd.h). Returns 0,
 * PROCSPAWN_EVALUE if it is of another type, -EBADF if it is not open, or another errno.
 */
int procspawn__kind_duplicate(enum procspawn_value_kind kind, int fd, int *ret_fd);
/* The same for a descriptor that is noted: PROCSPAWN_EVALUE also if its file is another one now. */
int procspawn__kind_duplicate_held(enum procspawn_value_kind kind, int fd, int *ret_fd);

#endif
