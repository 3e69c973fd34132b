/* Spawners that belong to others, or to nobody any more. */
#include "tests/random/threads.h"

#include <pthread.h>

static int use(struct record *record, scoped_spawner spawner)
{
    struct scoped_cancel_sender *sender;
    struct scoped_child_signals child;
    scoped_spawner scope;
    switch (dice_roll(&record->dice, 7)) {
    case 0: return AT(record, NO_POINT, scoped_cancel(spawner));
    case 1: return AT(record, NO_POINT, scoped_spawn_leaf(spawner, life_leaf, record, NULL));
    case 2: return AT(record, NO_POINT, scoped_scope_open(spawner, NULL, &scope));
    case 3: return AT(record, NO_POINT, scoped_scope_close(spawner, SCOPED_FOREVER, NULL));
    case 4: return AT(record, NO_POINT, scoped_spawner_close(spawner, SCOPED_FOREVER));
    case 5: return AT(record, NO_POINT, scoped_cancel_sender_new(spawner, &sender));
    default: return AT(record, NO_POINT, remote_spawner_spawn_raw(spawner, &child));
    }
}

/* One that belonged to a scope that is closed, or to nobody ever. */
static void use_stale(struct record *record)
{
    int error = use(record, record->stale);
    CHECK(error == SCOPED_ESTALE, "a stale spawner gave %d", error);
}

/* That of the parent, which lives as long as its child. */
static void use_foreign(struct record *record)
{
    const struct record *parent = record->parent;
    if (parent == NULL || parent->self.generation == 0)
        return;
    int error = use(record, parent->self);
    CHECK(error == SCOPED_ENOTOWNER, "a foreign spawner gave %d", error);
}

void misuse_something(struct record *record)
{
    if (dice_one_in(&record->dice, 2))
        use_stale(record);
    else
        use_foreign(record);
}
