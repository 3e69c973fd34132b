/*
 * threads_life.c - the life of a task, as the task sees it
 */
#include "tests/random/threads.h"

#include "src/base/clock.h"
#include "src/base/thread.h"

#include <pthread.h>
#include <time.h>

static pthread_key_t gone_key;

/* ---- its thread ---- */

static void thread_ends(void *arg)
{
    struct record *record = arg;
    struct timespec moment = { 0, 50000 };
    if (record->number % 8 == 0)
        nanosleep(&moment, NULL);
    atomic_store(&record->thread_gone, true);
}

void life_init(void)
{
    CHECK(pthread_key_create(&gone_key, thread_ends) == 0, "no key");
}

static void mark_thread(struct record *record)
{
    if (record->own_thread)
        pthread_setspecific(gone_key, record);
}

/* ---- phase 1 ---- */

static void enter(struct record *record, enum phase phase, enum phase before)
{
    enum phase seen = atomic_exchange(&record->phase, phase);
    CHECK(seen == before, "task %u came to phase %d from %d", record->number, (int)phase,
          (int)seen);
}

/* The last that phase 2 runs. */
static void release_last(void *arg)
{
    struct record *record = arg;
    CHECK(atomic_load(&record->deferred) == 0, "deferred calls are left");
    CHECK(atomic_load(&record->resources) == 0, "resources are left");
    enter(record, PHASE_RELEASED, PHASE_LEFT);
}

static void begin(struct record *record)
{
    record->under = record_here();
    record->bounded = record->under != NULL && (!record->under->is_task || record->under->bounded);
    record_set_here(record);
    enter(record, PHASE_RUNS, PHASE_SPAWNED);
    CHECK(!record->born_cancelled, "task %u of a cancelled scope runs", record->number);
    mark_thread(record);
    if (scoped_defer(release_last, record) == 0)
        atomic_store(&record->first_deferred, true);
}

/* Waits of the library go on in a handler; they are cut short by nothing. */
static void wait_in_handler(struct record *record)
{
    if (!dice_one_in(&record->dice, 4))
        return;
    int error = AT(record, NO_POINT, scoped_sleep_until(forkscope_after(20000)));
    CHECK(error == 0 || (record->exits && error == -ECANCELED), "a wait in a handler gave %d",
          error);
}

static bool may_be_cut(const struct record *record)
{
    enum point point = atomic_load(&record->point);
    if (record->exits)
        return true;
    if (record->mode == SCOPED_CANCEL_ASKS || atomic_load(&record->call) == NULL)
        return false;
    return point == POINT || (point == POSIX_POINT && record->mode == SCOPED_CANCEL_FORCED);
}

/* A clean-up handler: the function is left by being unwound. */
static void cut(void *arg)
{
    struct record *record = arg;
    const char *call = atomic_load(&record->call);
    CHECK(may_be_cut(record), "task %u is unwound in %s", record->number, call ? call : "nothing");
    CHECK(record->exits || scoped_cancelled(), "task %u is unwound, and not cancelled",
          record->number);
    CHECK(record->shield_ends == 0 || forkscope_after(0) >= record->shield_ends,
          "task %u is unwound in a shield", record->number);
    CHECK(record->exits || forkscope_after(0) >= record->uncancelled_at + record->around.grace,
          "task %u is forced within its grace time", record->number);
    CHECK(record->cancel_off == 0, "task %u is unwound with cancellation off", record->number);
    CHECK(record->handlers == 0, "task %u has left a handler out", record->number);
    if (record->pending != NULL)
        record_spawn_failed(record, record->pending);
    record->was_cut = !record->exits;
    wait_in_handler(record);
    enter(record, PHASE_LEFT, PHASE_RUNS);
    record_leave(record);
}

static int some_status(struct record *record)
{
    static const int statuses[] = { 0, 0, 1, 7, -EIO, -ECANCELED, -ETIME };
    return statuses[dice_roll(&record->dice, sizeof statuses / sizeof statuses[0])];
}

static bool wants_exit(struct record *record)
{
    return record->around.place->ours && !record->is_remote && dice_one_in(&record->dice, 24);
}

static int live(struct record *record)
{
    begin(record);
    pthread_cleanup_push(cut, record);
    acts_do_some(record);
    record->exits = wants_exit(record);
    if (record->exits)
        pthread_exit(NULL);
    pthread_cleanup_pop(0);
    record->status = some_status(record);
    enter(record, PHASE_LEFT, PHASE_RUNS);
    return record->status;
}

int life_task(scoped_spawner self, void *arg)
{
    struct record *record = arg;
    record->self = self;
    return live(record);
}

int life_leaf(void *arg)
{
    return live(arg);
}

/* ---- phase 5 ---- */

static void check_children(struct record *record)
{
    CHECK(atomic_load(&record->children) == 0, "task %u is done, %d children are not",
          record->number, atomic_load(&record->children));
    for (struct record *child = record->first_child; child != NULL; child = child->sibling)
        record_check_gone(child);
}

static void release_late(void *arg)
{
    struct record *record = arg;
    atomic_fetch_sub(&record->deferred, 1);
}

/* What is deferred here runs before the task is gone. */
static void defer_late(struct record *record)
{
    if (dice_one_in(&record->dice, 8) && scoped_defer(release_late, record) == 0)
        atomic_fetch_add(&record->deferred, 1);
}

static void check_that_it_is_closed(struct record *record)
{
    if (record->is_leaf || atomic_load(&record->never_ran) || !dice_one_in(&record->dice, 8))
        return;
    int error = scoped_spawn_leaf(record->self, life_leaf, record, NULL);
    CHECK(error == SCOPED_ECLOSED, "spawning in done gave %d", error);
}

/* How it comes to its done function. */
static void leave(struct record *record)
{
    enum phase before = atomic_exchange(&record->phase, PHASE_DONE);
    bool released = atomic_load(&record->first_deferred) ? before == PHASE_RELEASED
                                                          : before == PHASE_LEFT;
    atomic_store(&record->never_ran, before == PHASE_SPAWNED);
    CHECK(released || before == PHASE_SPAWNED, "task %u is done in phase %d", record->number,
          (int)before);
    if (before == PHASE_SPAWNED)
        mark_thread(record);
    else
        record_set_here(record->under);
}

void life_done(void *arg)
{
    struct record *record = arg;
    leave(record);
    CHECK(atomic_load(&record->deferred) == 0, "deferred calls are left");
    CHECK(atomic_load(&record->resources) == 0, "resources are left");
    check_children(record);
    check_that_it_is_closed(record);
    let_go_of_all(record);
    defer_late(record);
    if (dice_one_in(&record->dice, 8))
        CHECK(scoped_sleep_until(forkscope_after(20000)) == 0, "a wait in done");
    record_done(record);
}
