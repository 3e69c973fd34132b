/*
 * spawner_id.h - which spawners are alive: one table for the whole process, read without a lock
 *
 * A spawner is the number of a slot and the slot's generation when it was taken. A slot's
 * generation is odd while the slot is in use and even while it is free. The table is used only to
 * choose an error: it tells a spawner that has ended from one that another task owns. Nodes are
 * never looked up in it.
 */
#ifndef FORKSCOPE_SCOPE_SPAWNER_ID_H
#define FORKSCOPE_SCOPE_SPAWNER_ID_H

#include <forkscope/scope.h>

/* Takes a slot. Returns 0 or -ENOMEM. */
int scoped__spawner_id_take(scoped_spawner *ret_spawner);
void scoped__spawner_id_release(scoped_spawner spawner);
bool scoped__spawner_id_alive(scoped_spawner spawner);
/* Returns the process that took a spawner which is alive (src/base/process.h). */
uint64_t scoped__spawner_id_process(scoped_spawner spawner);

static inline bool scoped__spawner_id_same(scoped_spawner a, scoped_spawner b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

#endif
