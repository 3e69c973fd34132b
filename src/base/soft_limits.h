/*
 * soft_limits.h - for helper processes of the library: the program's soft limits are not meant for
 * them
 */
#ifndef FORKSCOPE_BASE_SOFT_LIMITS_H
#define FORKSCOPE_BASE_SOFT_LIMITS_H

/* Raises the soft limits of descriptors, memory and processor time to the hard ones. */
void base__soft_limits_lift(void);

#endif
