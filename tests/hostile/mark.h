/*
 * mark.h - by what a hostile process is known from outside, whatever it did
 *
 * A resource limit that nothing here counts against has a value that is drawn for each run. What
 * such a process forks or executes has the mark as well.
 */
#ifndef TESTS_HOSTILE_MARK_H
#define TESTS_HOSTILE_MARK_H

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <sys/types.h>

/* What is made with the builder has the mark. */
void mark_builder(procspawn_builder *builder);
bool mark_is_on(pid_t pid);

#endif
