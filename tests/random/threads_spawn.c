/*
 * threads_spawn.c - children: on executors, raw ones, and those that run on their parent's stack
 */
#include "tests/random/threads.h"

#include "tests/random/faults.h"

enum { DEPTH = 5 };

static struct record *new_child(struct record *record, const struct around *around)
{
    return record->depth < DEPTH ? record_new(record, around) : NULL;
}

static void begin_spawn(struct record *record, struct record *child, struct scope_record *scope)
{
    if (scope != NULL)
        scope->spawned++;
    child->born_cancelled = scope != NULL && scope->is_cancelled;
    record_spawns(record, child, scope);
}

static void end_spawn(struct record *record, struct record *child, struct scope_record *scope,
                      int error)
{
    if (error == 0) {
        record->pending = NULL;
        CHECK(scope == NULL || scope->limit == 0 || atomic_load(&scope->alive) <= scope->limit,
              "more tasks than the limit allows");
        return;
    }
    if (scope != NULL)
        scope->spawned--;
    record_spawn_failed(record, child);
}

/* Whether a child can be made without waiting for ever for room. */
static bool has_room(struct record *record, struct target *target)
{
    if (target->scope == NULL || (!record->bounded && dice_one_in(&record->dice, 2)))
        return true;
    int64_t deadline = forkscope_after((int64_t)dice_roll(&record->dice, 100000));
    int error = AT(record, POINT, scoped_scope_wait_room_until(target->id, deadline));
    CHECK_RESULT(error, "scoped_scope_wait_room_until", 0, -ETIMEDOUT, -ECANCELED);
    CHECK(error != -ETIMEDOUT || forkscope_after(0) >= deadline, "a wait for room ended early");
    record_check_cut(record, error);
    target->has_room = error == 0;
    return error == 0;
}

static enum point point_of(const struct target *target)
{
    return target->scope != NULL && target->scope->limit > 0 && !target->has_room ? POINT
                                                                                  : NO_POINT;
}

static int spawn_plain(scoped_spawner where, struct record *child)
{
    return child->is_leaf ? scoped_spawn_leaf(where, life_leaf, child, life_done)
                          : scoped_spawn(where, life_task, child, life_done);
}

static int spawn_with_signal(scoped_spawner where, struct record *child,
                             struct scoped_parent_signals *ret_signals)
{
    return child->is_leaf
               ? scoped_spawn_leaf_with_signal(where, life_leaf, child, life_done, ret_signals)
               : scoped_spawn_with_signal(where, life_task, child, life_done, ret_signals);
}

void spawn_some(struct record *record)
{
    struct target target = scope_some(record);
    struct scoped_parent_signals signals = { NULL, NULL };
    bool with_signal = !dice_one_in(&record->dice, 3);
    if (!has_room(record, &target))
        return;
    struct record *child = new_child(record, &target.around);
    if (child == NULL)
        return;
    child->is_leaf = dice_one_in(&record->dice, 2);
    begin_spawn(record, child, target.scope);
    int error = with_signal
                    ? AT(record, point_of(&target), spawn_with_signal(target.id, child, &signals))
                    : AT(record, point_of(&target), spawn_plain(target.id, child));
    CHECK_RESULT(error, "a spawn", 0, -ENOMEM, -EAGAIN, -ECANCELED);
    CHECK(error != -ECANCELED || point_of(&target) == POINT, "a spawn is cancelled without a wait");
    record_check_cut(record, error);
    end_spawn(record, child, target.scope, error);
    if (error == 0 && with_signal)
        keep_signals(record, child, &signals);
}

/* ---- raw ones ---- */

static struct record *new_remote(struct record *record, const struct around *around)
{
    struct record *child = new_child(record, around);
    if (child == NULL)
        return NULL;
    child->is_remote = true;
    child->is_leaf = dice_one_in(&record->dice, 2);
    child->mode = SCOPED_CANCEL_ASKS;
    child->own_thread = false;
    return child;
}

/* Without memory nothing of it has run; its waiters get the error. */
static void note_refusal(struct record *task)
{
    CHECK(atomic_load(&task->phase) == PHASE_SPAWNED, "a task without memory has run");
    atomic_store(&task->refused, true);
    atomic_store(&task->phase, PHASE_DONE);
    record_done(task);
}

int remote_run(struct record *task, struct scoped_child_signals signals)
{
    faults_spare(task->is_watched);
    record_set_ending(task);
    int status = task->is_leaf ? remote_scope_run_leaf(signals, life_leaf, task, life_done)
                               : remote_scope_run(signals, life_task, task, life_done);
    faults_spare(false);
    if (atomic_load(&task->phase) == PHASE_SPAWNED)
        note_refusal(task);
    record_check_status(task, status);
    return status;
}

/* The signals are used by hand. */
static void end_at_once(struct record *record, struct record *child,
                        struct scoped_child_signals signals)
{
    static const int statuses[] = { 0, 3, -EIO };
    struct scoped_cancel_receiver *receiver = signals.cancel_receiver;
    bool asked = AT(record, NO_POINT, scoped_cancel_receiver_poll(receiver));
    int64_t deadline = forkscope_after((int64_t)dice_roll(&record->dice, 50000));
    int fd;
    int error = AT(record, NO_POINT, scoped_cancel_receiver_fd(receiver, &fd));
    CHECK_RESULT(error, "scoped_cancel_receiver_fd", 0, -EMFILE);
    CHECK(asked || !child->born_cancelled, "a child of a cancelled scope that is not cancelled");
    if (!record->is_task || record->mode == SCOPED_CANCEL_ASKS) {
        error = AT(record, POINT, scoped_cancel_receiver_wait_until(receiver, deadline));
        CHECK_RESULT(error, "scoped_cancel_receiver_wait_until", 0, -ETIMEDOUT, -EMFILE,
                     record->is_task ? -ECANCELED : 0);
        CHECK(!asked || error != -ETIMEDOUT, "a cancel that was forgotten");
    }
    scoped_cancel_receiver_free(receiver);
    child->status = statuses[dice_roll(&record->dice, 3)];
    atomic_store(&child->phase, PHASE_DONE);
    record_done(child);
    scoped_done_sender_set_status(signals.done_sender, child->status);
    AT(record, NO_POINT, (scoped_done_sender_free(signals.done_sender), 0));
}

static void use_raw(struct record *record, struct record *child,
                    struct scoped_child_signals signals)
{
    switch (dice_roll(&record->dice, 3)) {
    case 0: end_at_once(record, child, signals); break;
    case 1: AT(record, NO_POINT, remote_run(child, signals)); break;
    default:
        child->is_watched = true;
        helpers_give_raw(child, signals);
    }
}

void spawn_raw(struct record *record)
{
    struct target target = scope_some(record);
    struct scoped_parent_signals parent = { NULL, NULL };
    struct scoped_child_signals signals = { NULL, NULL };
    bool with_signal = dice_one_in(&record->dice, 2);
    if (!has_room(record, &target))
        return;
    struct record *child = new_remote(record, &target.around);
    if (child == NULL)
        return;
    begin_spawn(record, child, target.scope);
    int error = with_signal
                    ? AT(record, point_of(&target),
                         remote_spawner_spawn_raw_with_signal(target.id, &parent, &signals))
                    : AT(record, point_of(&target), remote_spawner_spawn_raw(target.id, &signals));
    CHECK_RESULT(error, "a raw spawn", 0, -ENOMEM, point_of(&target) == POINT ? -ECANCELED : 0);
    record_check_cut(record, error);
    end_spawn(record, child, target.scope, error);
    if (error < 0)
        return;
    child->is_watched = with_signal;
    if (with_signal)
        keep_signals(record, child, &parent);
    use_raw(record, child, signals);
}

/* A root of its own on this stack. */
void run_nested(struct record *record)
{
    static const struct scoped_child_signals none;
    struct around around = { .place = places_thread(), .mode = SCOPED_CANCEL_FORCED,
                             .deadline = SCOPED_FOREVER };
    struct record *child = new_remote(record, &around);
    if (child == NULL)
        return;
    begin_spawn(record, child, NULL);
    record->pending = NULL;
    AT(record, NO_POINT, remote_run(child, none));
    record_check_gone(child);
}
