/*
 * builder_snapshot.h - a deep copy of a builder, for later use by another thread
 */
#ifndef FORKSCOPE_CALL_BUILDER_SNAPSHOT_H
#define FORKSCOPE_CALL_BUILDER_SNAPSHOT_H

#include <forkscope/procspawn.h>

/* Copies the builder and the present environ; duplicates its descriptors. 0 or -errno. */
int procspawn__builder_copy(const procspawn_builder *builder, procspawn_builder **ret_copy);
void procspawn__builder_free_copy(procspawn_builder *copy);

#endif
