/*
 * threads_misuse.c - spawners that belong to others, have ended, or never existed
 */
#include "tests/random/threads.h"

#include <pthread.h>

/* ---- the hook ---- */

static bool is_heard;
static __thread unsigned heard;

static void on_misuse(int error, scoped_spawner spawner)
{
    (void)spawner;
    heard++;
    CHECK_RESULT(error, "the misuse hook", SCOPED_ESTALE, SCOPED_ENOTOWNER);
    CHECK(scoped_sleep_until(forkscope_after(1000)) == 0, "a wait in the misuse hook");
}

void misuse_begin(bool hears)
{
    is_heard = hears;
    scoped_set_misuse_hook(hears ? on_misuse : NULL);
}

/* ---- whose it is ---- */

static int use(struct record *record, scoped_spawner spawner)
{
    struct scoped_cancel_sender *sender;
    struct scoped_child_signals child;
    scoped_spawner scope;
    switch (dice_roll(&record->dice, 8)) {
    case 0: return AT(record, NO_POINT, scoped_cancel(spawner));
    case 1: return AT(record, NO_POINT, scoped_spawn_leaf(spawner, life_leaf, record, NULL));
    case 2: return AT(record, NO_POINT, scoped_scope_open(spawner, NULL, &scope));
    case 3: return AT(record, NO_POINT, scoped_close(spawner, SCOPED_FOREVER, NULL));
    case 4: return AT(record, NO_POINT, scoped_cancel_close(spawner, SCOPED_FOREVER, NULL));
    case 5: return AT(record, NO_POINT, scoped_cancel_sender_new(spawner, &sender));
    case 6: return AT(record, NO_POINT, scoped_scope_wait_room_until(spawner, SCOPED_FOREVER));
    default: return AT(record, NO_POINT, remote_spawner_spawn_raw(spawner, &child));
    }
}

static void misuse(struct record *record, scoped_spawner spawner, int expected)
{
    unsigned before = heard;
    int error = use(record, spawner);
    CHECK(error == expected, "a spawner that is not the caller's gave %d", error);
    CHECK(heard - before == is_heard, "the hook heard of one misuse %u times", heard - before);
}

/* A spawner of a closed scope, or one that never existed. */
static void use_stale(struct record *record)
{
    misuse(record, record->stale, SCOPED_ESTALE);
}

/* That of the parent, which lives as long as its child. */
static void use_foreign(struct record *record)
{
    const struct record *parent = record->parent;
    if (parent != NULL && parent->self.generation != 0)
        misuse(record, parent->self, SCOPED_ENOTOWNER);
}

/* ---- what it is ---- */

static bool has_scope_inside(const struct record *record, const struct scope_record *scope)
{
    bool found = false;
    for (unsigned i = 0; i < record->open_scopes; i++)
        found |= record->scopes[i].inside == scope;
    return found;
}

static int close_it(struct record *record, scoped_spawner spawner, bool cancels)
{
    return cancels ? AT(record, NO_POINT, scoped_cancel_close(spawner, SCOPED_FOREVER, NULL))
                   : AT(record, NO_POINT, scoped_close(spawner, SCOPED_FOREVER, NULL));
}

/* No task is closed, and no scope with another one inside, unless that is cancelled too. */
static void close_wrongly(struct record *record)
{
    if (record->is_leaf)
        return;
    struct target target = scope_some(record);
    bool cancels = dice_one_in(&record->dice, 2);
    int expected = -EINVAL;
    if (target.scope != NULL) {
        if (cancels || !has_scope_inside(record, target.scope))
            return;
        expected = SCOPED_EOPEN;
    }
    int error = close_it(record, target.id, cancels);
    CHECK(error == expected, "a wrong close gave %d instead of %d", error, expected);
}

void misuse_something(struct record *record)
{
    switch (dice_roll(&record->dice, 3)) {
    case 0: use_stale(record); break;
    case 1: use_foreign(record); break;
    default: close_wrongly(record);
    }
}
