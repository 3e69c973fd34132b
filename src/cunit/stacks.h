/*
 * stacks.h - the stacks of a test that crashed or hangs, as text
 */
#ifndef FORKSCOPE_CUNIT_STACKS_H
#define FORKSCOPE_CUNIT_STACKS_H

#include <stdio.h>

#include "src/cunit/area.h"

/* Writes the stacks recorded in `area`, one line per frame, indented. */
void procspawn__cunit_stacks_write(const struct area *area, FILE *out);

/*
 * Writes what each thread of process `pid` is doing, and makes the threads record their stacks in
 * `area`, if they can.
 */
void procspawn__cunit_stacks_of_hung(pid_t pid, struct area *area, FILE *out);

#endif
