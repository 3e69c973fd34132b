/*
 * threads_hold.c - sections that are not cut short, and what a task defers to its end
 */
#include "tests/random/threads.h"

#include "src/base/thread.h"
#include "tests/random/faults.h"

#include <pthread.h>

/* ---- shields, and cancellation switched off ---- */

static int64_t some_bound(struct record *record)
{
    if (record->shield_ends == 0 && dice_one_in(&record->dice, 4))
        return forkscope_after(2 * run_slack());
    return forkscope_after((int64_t)dice_roll(&record->dice, 3) * 400000);
}

/* A task that has been cancelled comes out of a shield at the bound, whatever it does. */
static void outlast(struct record *record)
{
    int64_t late = record->shield_ends + run_slack();
    if (record->is_task && scoped_cancelled() && record->shield_ends < forkscope_after(1000000))
        AT(record, POINT, scoped_sleep_until(late));
    CHECK(!scoped_cancelled() || forkscope_after(0) < late, "a shield holds on and on");
}

static void shielded(struct record *record)
{
    struct scoped_shield shield;
    int64_t outer = record->shield_ends;
    int64_t deadline = some_bound(record);
    int error = AT(record, POINT, scoped_shield_begin_until(deadline, &shield));
    CHECK_RESULT(error, "scoped_shield_begin_until", 0, record->is_task ? -ECANCELED : -EPERM, -EPERM,
                 -EAGAIN, -ENOMEM);
    if (error < 0)
        return;
    record->shield_ends = outer != 0 && outer < deadline ? outer : deadline;
    if (outer == 0 && dice_one_in(&record->dice, 4))
        shielded(record);
    acts_in_section(record);
    if (outer != 0)
        outlast(record);
    /* A cancel that took effect at the inner deadline is not undone by the outer one. */
    if (outer == 0)
        record->shield_ends = 0;
    error = AT(record, POINT, scoped_shield_end(&shield));
    CHECK_RESULT(error, "scoped_shield_end", 0, -ECANCELED);
    record->shield_ends = outer;
}

/* Holds a task back that is cancelled by pthread_cancel, and no other. */
static void with_cancellation_off(struct record *record)
{
    bool was_on = base__cancelable(false);
    record->cancel_off += record->mode == SCOPED_CANCEL_FORCED;
    acts_in_section(record);
    record->cancel_off -= record->mode == SCOPED_CANCEL_FORCED;
    base__cancelable(was_on);
}

static void take_handler_off(void *arg)
{
    struct record *record = arg;
    record->handlers--;
}

/* A handler of the task's own, which has to run before the one around it. */
static void with_handler(struct record *record)
{
    record->handlers++;
    pthread_cleanup_push(take_handler_off, record);
    acts_in_section(record);
    pthread_cleanup_pop(1);
}

void hold_section(struct record *record)
{
    switch (dice_roll(&record->dice, 3)) {
    case 0: shielded(record); break;
    case 1: with_cancellation_off(record); break;
    case 2: with_handler(record); break;
    }
}

/* ---- deferred calls ---- */

static void wait_undisturbed(struct record *record)
{
    if (dice_one_in(&record->dice, 4))
        CHECK(scoped_sleep_until(forkscope_after(10000)) == 0, "a wait was cut short");
    CHECK(scoped_checkpoint() == 0, "a checkpoint where nothing is cancelled");
}

struct deferred {
    struct record *record;
    int place;
};

static void run_deferred(void *arg)
{
    struct deferred deferred = *(struct deferred *)arg;
    faults_own_free(arg);
    wait_undisturbed(deferred.record);
    CHECK(atomic_fetch_sub(&deferred.record->deferred, 1) == deferred.place,
          "deferred calls run in another order");
    CHECK(atomic_load(&deferred.record->phase) == PHASE_LEFT, "a deferred call in phase %d",
          (int)atomic_load(&deferred.record->phase));
}

void hold_deferred(struct record *record)
{
    struct deferred *deferred = faults_own(sizeof *deferred);
    int place = atomic_fetch_add(&record->deferred, 1) + 1;
    *deferred = (struct deferred){ record, place };
    int error = AT(record, NO_POINT, scoped_defer(run_deferred, deferred));
    CHECK_RESULT(error, "scoped_defer", record->is_task ? 0 : -EPERM, -EPERM, -ENOMEM);
    if (error == 0)
        return;
    atomic_fetch_sub(&record->deferred, 1);
    faults_own_free(deferred);
}

/* ---- resources ---- */

static intptr_t acquire(void *arg)
{
    struct record *record = arg;
    wait_undisturbed(record);
    if (dice_one_in(&record->dice, 4))
        return -EIO;
    atomic_fetch_add(&record->resources, 1);
    return (intptr_t)record;
}

static void release(intptr_t resource)
{
    struct record *record = (struct record *)resource;
    wait_undisturbed(record);
    CHECK(atomic_fetch_sub(&record->resources, 1) > 0, "a resource is released twice");
}

void hold_resource(struct record *record)
{
    intptr_t resource = 0;
    int error = AT(record, POINT, scoped_acquire(acquire, record, release, &resource));
    CHECK_RESULT(error, "scoped_acquire", record->is_task ? 0 : -EPERM, -EPERM, -ENOMEM, -ECANCELED,
                 -EIO);
    if (error < 0 || dice_one_in(&record->dice, 2))
        return;
    CHECK(resource == (intptr_t)record, "another resource");
    error = AT(record, NO_POINT, scoped_release(resource, release));
    CHECK(error == 0, "scoped_release gave %d", error);
}
