/*
 * stacks.h - the stacks of a test that crashed or hangs, as text
 */
#ifndef FORKSCOPE_CUNIT_STACKS_H
#define FORKSCOPE_CUNIT_STACKS_H

#include <stdio.h>

#include "src/cunit/mailbox.h"

/* Writes the stacks recorded in `mailbox`, one line per frame, indented. */
void procspawn__cunit_stacks_write(const struct mailbox *mailbox, FILE *out);

/*
 * Writes what each thread of process `pid` is doing, and makes the threads record their stacks in
 * `mailbox`, if they can.
 */
void procspawn__cunit_stacks_of_hung(pid_t pid, struct mailbox *mailbox, FILE *out);

#endif
