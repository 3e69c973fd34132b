/*
 * Where a test hangs or died, in words.
 */
#ifndef SRC_CUNIT_STACKS_H
#define SRC_CUNIT_STACKS_H

#include <stdio.h>

#include "src/cunit/area.h"

/* Writes the stacks noted in `area`, a line a frame, indented. */
void procspawn__cunit_stacks_write(const struct area *area, FILE *out);

/* Writes what each thread of process `pid` is doing, and makes those of them that can note their
 * stacks in `area`. */
void procspawn__cunit_stacks_of_hung(pid_t pid, struct area *area, FILE *out);

#endif
