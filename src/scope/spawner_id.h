/*
 * slot.h - which spawners are alive, for the whole process and without a lock
 *
 * A spawner is a slot number and the slot's generation at the time it was taken: odd while it is
 * owned, even when free. The table only tells a spawner whose owner has ended from one that belongs
 * to somebody else; nobody is ever found through it.
 */
#ifndef FORKSCOPE_SCOPE_SLOT_H
#define FORKSCOPE_SCOPE_SLOT_H

#include <forkscope/scope.h>

/* 0 or -ENOMEM. */
int scoped__slot_take(scoped_spawner *ret_spawner);
void scoped__slot_release(scoped_spawner spawner);
bool scoped__slot_alive(scoped_spawner spawner);
/* Of one that is alive: the process that took it (src/base/process.h). */
uint64_t scoped__slot_process(scoped_spawner spawner);

static inline bool scoped__same(scoped_spawner a, scoped_spawner b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

#endif
