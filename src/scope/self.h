/*
 * self.h - what the other rooms ask about the calling task
 */
#ifndef FORKSCOPE_SCOPE_SELF_H
#define FORKSCOPE_SCOPE_SELF_H

#include <stdint.h>

/* Returns the nanoseconds between asking the calling task to end and forcing it; 0: no grace. */
int64_t scoped__grace(void);

#endif
