/*
 * proc.h - whether /proc can be believed
 */
#ifndef FORKSCOPE_BASE_PROC_H
#define FORKSCOPE_BASE_PROC_H

#include <stdbool.h>

/* Is there a /proc, and of the namespace that this process counts processes in? */
bool base__proc_is_ours(void);

#endif
