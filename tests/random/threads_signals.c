/*
 * threads_signals.c - senders and receivers: held, waited for, freed
 */
#include "tests/random/threads.h"

#include "tests/random/faults.h"

#include <poll.h>

/* ---- holding ---- */

static struct shared *share(struct scoped_done_receiver *receiver, struct record *task)
{
    struct shared *shared = faults_own(sizeof *shared);
    shared->receiver = receiver;
    shared->task = task;
    atomic_store(&shared->users, 1);
    return shared;
}

void shared_drop(struct shared *shared)
{
    if (shared == NULL || atomic_fetch_sub(&shared->users, 1) > 1)
        return;
    scoped_done_receiver_free(shared->receiver);
    faults_own_free(shared);
}

static void give_away(struct record *record, struct held *held)
{
    struct held given = *held;
    *held = (struct held){ NULL, NULL };
    if (given.sender != NULL)
        helpers_give_sender(&record->dice, given.sender);
    if (given.shared != NULL)
        helpers_give_receiver(&record->dice, given.shared);
}

static void let_go_of(struct record *record, struct held *held)
{
    struct held gone = *held;
    *held = (struct held){ NULL, NULL };
    if (dice_one_in(&record->dice, 2))
        scoped_cancel_sender_free(gone.sender);
    else
        scoped_cancel_sender_forget(gone.sender);
    shared_drop(gone.shared);
}

static struct held *some_held(struct record *record)
{
    return &record->held[dice_roll(&record->dice, HELD)];
}

/* Another user of a receiver that is kept, too. */
static void lend(struct record *record, struct shared *shared)
{
    atomic_fetch_add(&shared->users, 1);
    helpers_give_receiver(&record->dice, shared);
}

void keep_signals(struct record *record, struct record *task,
                  const struct scoped_parent_signals *signals)
{
    struct held *held = some_held(record);
    let_go_of(record, held);
    *held = (struct held){ signals->cancel_sender, share(signals->done_receiver, task) };
    if (dice_one_in(&record->dice, 2))
        lend(record, held->shared);
}

void let_go_of_some(struct record *record)
{
    struct held *held = some_held(record);
    if (dice_one_in(&record->dice, 2))
        give_away(record, held);
    else
        let_go_of(record, held);
}

void let_go_of_all(struct record *record)
{
    for (int i = 0; i < HELD; i++)
        let_go_of(record, &record->held[i]);
}

/* ---- waiting ---- */

static int64_t some_deadline(struct record *record)
{
    if (!record->bounded && dice_one_in(&record->dice, 4))
        return SCOPED_FOREVER;
    return forkscope_after((int64_t)dice_roll(&record->dice, 300000));
}

static void check_end(const struct shared *shared)
{
    void *value;
    int status;
    int error = scoped_done_receiver_status(shared->receiver, &status);
    CHECK(error == 0, "a task that is gone has no status: %d", error);
    record_check_gone(shared->task);
    record_check_status(shared->task, status);
    error = scoped_done_receiver_result(shared->receiver, &value);
    CHECK(error == 0 && value == shared->task->value, "another value than the task has left");
}

/* No other thread would run such a child, so it gets all the time that it takes. */
static bool is_left_to(const struct record *record, const struct shared *shared)
{
    const struct record *task = shared->task;
    return task->parent == record && !task->is_remote && !task->around.place->has_threads;
}

struct patience {
    int64_t deadline;
    bool ample;
};

static struct patience patience_for(struct record *record, const struct shared *shared,
                                    unsigned one_in)
{
    if (is_left_to(record, shared) && dice_one_in(&record->dice, one_in))
        return (struct patience){ forkscope_after(run_slack()), true };
    return (struct patience){ some_deadline(record), false };
}

static void check_begun(const struct shared *shared, struct patience patience, int error)
{
    CHECK(error != -ETIMEDOUT || !patience.ample ||
              atomic_load(&shared->task->phase) != PHASE_SPAWNED,
          "a child that nobody else could run was not run");
}

/* What a wait returned that hears of the end. */
static void check_wait(struct record *record, struct shared *shared, int error, int64_t deadline)
{
    bool depends = record_depends(record, shared->task);
    CHECK_RESULT(error, "a wait for the end", 0, -ETIMEDOUT, -EDEADLK,
                 record->is_task ? -ECANCELED : 0);
    CHECK(depends == (error == -EDEADLK), "%d from a wait that %s end", error,
          depends ? "could never" : "could");
    record_check_cut(record, error);
    CHECK(error != -ETIMEDOUT || forkscope_after(0) >= deadline, "a wait ended early");
    if (error == -ETIMEDOUT && shared->task->around.place->ours && record->under == NULL)
        CHECK(forkscope_after(0) - deadline < run_slack(), "a wait ended late");
    if (error == 0)
        check_end(shared);
}

static void wait_until(struct record *record, struct shared *shared)
{
    struct patience patience = patience_for(record, shared, 2);
    int64_t deadline = patience.deadline;
    int error = AT(record, POINT, scoped_done_receiver_wait_until(shared->receiver, deadline));
    check_begun(shared, patience, error);
    check_wait(record, shared, error, deadline);
}

static void poll_once(struct record *record, struct shared *shared)
{
    int error = AT(record, NO_POINT, scoped_done_receiver_poll(shared->receiver));
    CHECK_RESULT(error, "scoped_done_receiver_poll", 0, -EAGAIN);
    if (error == 0)
        check_end(shared);
}

/* Rarely with time for one that takes its time. */
static void wait_started(struct record *record, struct shared *shared)
{
    struct patience patience = patience_for(record, shared, 32);
    int64_t deadline = patience.deadline;
    int error = AT(record, POINT,
                   scoped_done_receiver_wait_started_until(shared->receiver, deadline));
    check_begun(shared, patience, error);
    bool depends = record_depends(record, shared->task);
    CHECK_RESULT(error, "scoped_done_receiver_wait_started_until", 0, -ETIMEDOUT, -EDEADLK,
                 SCOPED_ENOTSTARTED, record->is_task ? -ECANCELED : 0);
    CHECK(depends == (error == -EDEADLK), "%d from a wait for a start", error);
    CHECK(error != 0 || atomic_load(&shared->task->said_started), "started without saying so");
    CHECK(error != SCOPED_ENOTSTARTED || !atomic_load(&shared->task->said_started),
          "a start that is not heard");
    record_check_cut(record, error);
    CHECK(error != -ETIMEDOUT || forkscope_after(0) >= deadline, "a wait ended early");
}

/* Of a wait that runs nothing meanwhile. */
static void check_timed_out(int error, int64_t deadline)
{
    int64_t now = forkscope_after(0);
    CHECK(error != -ETIMEDOUT || (now >= deadline && now - deadline < run_slack()),
          "a wait ended early, or late");
}

static void wait_on_descriptor(struct record *record, struct shared *shared)
{
    int64_t deadline = some_deadline(record);
    int fd;
    int error = AT(record, NO_POINT, scoped_done_receiver_fd(shared->receiver, &fd));
    CHECK_RESULT(error, "scoped_done_receiver_fd", 0, -EAGAIN, -ENOMEM, -EMFILE);
    if (error < 0)
        return;
    error = AT(record, POINT, scoped_wait_fd_until(fd, POLLIN, deadline));
    CHECK_RESULT(error, "waiting for a done descriptor", 0, -ETIMEDOUT, -EMFILE,
                 record->is_task ? -ECANCELED : 0);
    record_check_cut(record, error);
    check_timed_out(error, deadline);
    if (error == 0)
        check_end(shared);
}

static void wait_somehow(struct record *record, struct shared *shared)
{
    switch (dice_roll(&record->dice, 6)) {
    case 0: poll_once(record, shared); break;
    case 1: wait_started(record, shared); break;
    case 2: wait_on_descriptor(record, shared); break;
    default: wait_until(record, shared); break;
    }
}

/* Sometimes that of a stranger, which is kept then. */
void wait_for_some(struct record *record)
{
    struct held *held = some_held(record);
    if (held->shared == NULL)
        held->shared = helpers_take_receiver(&record->dice);
    if (held->shared != NULL)
        wait_somehow(record, held->shared);
}
