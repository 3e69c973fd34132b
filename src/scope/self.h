/*
 * self.h - what the other rooms ask about the calling task
 */
#ifndef FORKSCOPE_SCOPE_SELF_H
#define FORKSCOPE_SCOPE_SELF_H

#include "src/scope/reason.h"
#include <stdbool.h>
#include <stdint.h>

/* Returns the nanoseconds between asking the calling task to end and forcing it; 0: no grace. */
int64_t scoped__grace(void);

/*
 * Keeps message (copied, cut to 1,023 bytes) and detail (taken, NULL: none) for the failure of the
 * calling task, if it fails with this status.
 */
void scoped__explain(int status, const char *message, struct scoped_detail *detail);

/*
 * Has the time limit of a scope cancelled the calling task? Gives the name of the scope that the
 * task is in; empty: it has none, or the task was spawned by a task.
 */
enum { SCOPED__NAME_BYTES = 16 };
bool scoped__was_ended_by_limit(char ret_scope[SCOPED__NAME_BYTES]);

/* The argument of the calling task is the library's own: its failure does not show it. */
void scoped__hide_arg(void);

#endif
