/*
 * threads_records.c - the records of tasks: made, entered, checked, freed
 */
#include "tests/random/threads.h"

#include "src/base/clock.h"
#include "tests/random/faults.h"

#include <inttypes.h>
#include <stdio.h>

static _Atomic(struct record *) all;
static atomic_uint made;
static unsigned most_records;
static bool has_memory;         /* whenever it asks for some */
static uint64_t round_seed;

static __thread struct record *here, *ending;

struct record *record_here(void)
{
    return here;
}

void record_set_here(struct record *record)
{
    here = record;
}

struct record *record_ending(void)
{
    return ending;
}

void record_set_ending(struct record *record)
{
    ending = record;
}

void records_begin(uint64_t seed, unsigned most, bool enough_memory)
{
    round_seed = seed;
    most_records = most;
    has_memory = enough_memory;
    atomic_store(&made, 0);
    atomic_store(&all, NULL);
}

void records_end(void)
{
    struct record *record;
    while ((record = atomic_load(&all)) != NULL) {
        atomic_store(&all, record->next_in_round);
        faults_own_free(record);
    }
}

bool records_have_memory(void)
{
    return has_memory;
}

static void keep(struct record *record)
{
    record->next_in_round = atomic_load(&all);
    while (!atomic_compare_exchange_weak(&all, &record->next_in_round, record))
        continue;
}

struct record *record_new(struct record *parent, const struct around *around)
{
    if (atomic_load(&made) >= most_records)
        return NULL;
    struct record *record = faults_own(sizeof *record);
    record->number = atomic_fetch_add(&made, 1);
    record->dice = dice_new(parent != NULL ? dice_roll(&parent->dice, UINT64_MAX) : round_seed);
    record->parent = parent;
    record->depth = parent != NULL ? parent->depth + 1 : 0;
    record->around = *around;
    record->is_task = parent != NULL;
    record->bounded = !record->is_task;
    record->mode = around->place->ours ? around->mode : SCOPED_CANCEL_ASKS;
    record->own_thread = around->place->joins;
    record->acts_left = 2 + (unsigned)dice_roll(&record->dice, 14);
    keep(record);
    return record;
}

void record_enter(struct record *record, const char *call, enum point point)
{
    atomic_store(&record->point, point);
    atomic_store(&record->call, call);
    atomic_fetch_add(&run_operations, 1);
}

void record_leave(struct record *record)
{
    atomic_store(&record->call, NULL);
}

void record_spawns(struct record *parent, struct record *child, struct scope_record *scope)
{
    child->scope = scope;
    if (scope != NULL)
        atomic_fetch_add(&scope->alive, 1);
    atomic_fetch_add(&parent->children, 1);
    child->sibling = parent->first_child;
    parent->first_child = child;
    parent->pending = child;
}

static void leave(struct record *parent, struct scope_record *scope)
{
    if (scope != NULL)
        atomic_fetch_sub(&scope->alive, 1);
    atomic_fetch_sub(&parent->children, 1);
}

static void note_cancelled(struct scope_record *scope)
{
    int64_t now = forkscope_after(0), seen = atomic_load(&scope->last_cancelled);
    while (seen < now && !atomic_compare_exchange_weak(&scope->last_cancelled, &seen, now))
        continue;
}

enum record_end record_end(const struct record *record)
{
    int status = record_status(record);
    if (atomic_load(&record->refused))
        return END_FAILED;
    if (record->exits)
        return END_EITHER;
    if (record->was_cut || atomic_load(&record->never_ran))
        return END_CANCELLED;
    if (status == -ECANCELED)
        return END_EITHER;
    return status < 0 ? END_FAILED : END_SUCCEEDED;
}

void record_done(struct record *record)
{
    if (record->scope != NULL && record_end(record) >= END_CANCELLED)
        note_cancelled(record->scope);
    ending = record;
    leave(record->parent, record->scope);
}

void record_spawn_failed(struct record *parent, struct record *child)
{
    CHECK(atomic_load(&child->phase) == PHASE_SPAWNED, "a task that was refused has run");
    CHECK(parent->first_child == child, "a child that is not the last one");
    parent->first_child = child->sibling;
    parent->pending = NULL;
    atomic_store(&child->phase, PHASE_DONE);
    leave(parent, child->scope);
}

void record_check_gone(const struct record *record)
{
    CHECK(atomic_load(&record->phase) == PHASE_DONE, "task %u is gone in phase %d", record->number,
          (int)atomic_load(&record->phase));
    CHECK(atomic_load(&record->children) == 0, "task %u is gone, its children are not",
          record->number);
    CHECK(atomic_load(&record->deferred) == 0, "task %u has left something deferred",
          record->number);
    CHECK(atomic_load(&record->resources) == 0, "task %u has left a resource", record->number);
    CHECK(!record->own_thread || atomic_load(&record->refused) ||
              atomic_load(&record->thread_gone),
          "task %u is gone, its thread is not", record->number);
    CHECK(!has_memory || record->around.listener == NULL || record_end(record) != END_FAILED ||
              atomic_load(&record->heard) == 1,
          "task %u has failed, which was told %u times", record->number,
          atomic_load(&record->heard));
}

int record_status(const struct record *record)
{
    if (record->was_cut || atomic_load(&record->never_ran))
        return -ECANCELED;
    return record->status;
}

void record_check_status(const struct record *record, int status)
{
    if (atomic_load(&record->refused))
        CHECK(status == -ENOMEM, "a task without memory ended with %d", status);
    else if (record->exits)
        CHECK(status == SCOPED_EUNWOUND || status == -ECANCELED, "pthread_exit gave %d", status);
    else
        CHECK(status == record_status(record), "task %u ended with %d instead of %d",
              record->number, status, record_status(record));
}

void record_check_cut(const struct record *record, int error)
{
    if (error != -ECANCELED)
        return;
    CHECK(record->is_task && scoped_cancelled(), "a wait was cut short for nothing");
    CHECK(record->mode == SCOPED_CANCEL_ASKS || record->around.grace > 0,
          "a task that is to be forced was asked");
}

static bool is_above(const struct record *task, const struct record *record)
{
    while (record != NULL && record != task)
        record = record->around.above;
    return record != NULL;
}

bool record_depends(const struct record *record, const struct record *task)
{
    while (record != NULL && (!record->is_task || !is_above(task, record)))
        record = record->under;
    return record != NULL;
}

/* ---- for a failure ---- */

static void report(const struct record *record)
{
    static const char *const phases[] = { "spawned", "runs", "left", "released", "done" };
    const char *call = atomic_load(&record->call);
    if (atomic_load(&record->phase) == PHASE_DONE)
        return;
    fprintf(stderr, "%s %u below %u on %s, mode %d, %s, %d children: %s\n",
            record->is_task ? "task" : "owner", record->number,
            record->parent != NULL ? record->parent->number : 0, record->around.place->name,
            (int)record->mode, phases[atomic_load(&record->phase)],
            atomic_load(&record->children), call != NULL ? call : "-");
    if (record->shield_ends != 0)
        fprintf(stderr, "    in a shield that ends in %" PRId64 " ms\n",
                (record->shield_ends - forkscope_after(0)) / 1000000);
}

void records_report(void)
{
    for (const struct record *record = atomic_load(&all); record; record = record->next_in_round)
        report(record);
}
