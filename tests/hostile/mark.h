/*
 * mark.h - how a hostile process is recognised from outside, whatever it did
 *
 * A resource limit that has no effect here gets a value drawn for each run. Processes that such a
 * process forks or executes have the mark too. The name is set after the rights were given up.
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_MARK_H
#define FORKSCOPE_TESTS_HOSTILE_MARK_H

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <sys/types.h>

#define MARK_NAME "ill-willed"

/* What is made with the builder has the mark and the name. */
void mark_builder(procspawn_builder *builder);
bool mark_is_on(pid_t pid);

#endif
