/*
 * threads_runs.c - functions that run as a task of a scope of their own, with tasks as objects:
 * counts, failures with their messages, results and limits are those of the tasks' own account
 */
#include "tests/random/threads.h"

#include <forkscope/task.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 8 };

/* One task of the scope; only it writes what is not atomic. */
struct item {
    struct run *run;
    unsigned number;
    struct dice dice;
    struct scoped_task *task;       /* held by the body; NULL: not, or no more */
    int status;
    atomic_bool returned;           /* with the status; else it was cancelled */
    atomic_uint begun, done;
};

struct run {
    struct dice dice;               /* of the body */
    struct item items[ITEMS];
    atomic_uint started;            /* failures are heard by other threads */
    bool starting;                  /* another one; it is none if this is cut short */
    unsigned limit;                 /* of tasks at the same time; 0: none */
    atomic_uint running, heard;
    struct item body;
    const struct scoped_policy *policy;
    bool has_deadline;
    bool cancels;                   /* the body one of the tasks */
};

/* ---- the tasks ---- */

static void leave(void *argument)
{
    struct item *item = argument;
    atomic_fetch_sub(&item->run->running, 1);
}

static int fail(struct item *item)
{
    static const int statuses[] = { -EIO, -EPROTO, -ENOENT };
    int status = statuses[dice_roll(&item->dice, 3)];
    return scoped_fail(status, "item %u fails", item->number);
}

static int end_item(struct item *item)
{
    item->status = dice_one_in(&item->dice, 4) ? fail(item) : 0;
    atomic_store(&item->returned, true);
    return item->status;
}

static int live(void *argument)
{
    struct item *item = argument;
    unsigned running = atomic_fetch_add(&item->run->running, 1) + 1;
    int status = 0;
    pthread_cleanup_push(leave, item);
    CHECK(atomic_fetch_add(&item->begun, 1) == 0, "a task runs twice");
    CHECK(item->run->limit == 0 || running <= item->run->limit, "%u tasks run, limit %u", running,
          item->run->limit);
    if (dice_one_in(&item->dice, 2))
        CHECK(scoped_set_result(item) == 0 && scoped_notify_started() == 0, "this is no task");
    if (dice_one_in(&item->dice, 2))
        scoped_sleep((int64_t)dice_roll(&item->dice, 300000));
    status = end_item(item);
    pthread_cleanup_pop(1);
    return status;
}

static void note_done(void *argument)
{
    struct item *item = argument;
    CHECK(atomic_fetch_add(&item->done, 1) == 0, "a task is done twice");
}

/* ---- the body ---- */

static void free_tasks(void *argument)
{
    struct run *run = argument;
    for (unsigned i = 0; i < ITEMS; i++) {
        scoped_task_free(run->items[i].task);
        run->items[i].task = NULL;
    }
}

/* A refused one has left nothing. */
static void start_one(struct run *run, scoped_spawner scope)
{
    struct item *item = &run->items[run->started];
    char name[32];
    snprintf(name, sizeof name, "item-%u", run->started);
    struct scoped_task_options options = { .name = name, .done = note_done };
    *item = (struct item){ .run = run, .number = run->started,
                           .dice = dice_new(dice_roll(&run->dice, UINT64_MAX)) };
    bool keeps = dice_one_in(&run->dice, 2);
    run->starting = true;
    int error = scoped_start_leaf(scope, &options, live, item, keeps ? &item->task : NULL);
    run->starting = false;
    CHECK_RESULT(error, "scoped_start_leaf", 0, -ENOMEM, -EAGAIN, -ECANCELED);
    run->started += error == 0;
    CHECK(error == 0 || (atomic_load(&item->begun) == 0 && atomic_load(&item->done) == 0),
          "a task that was refused has run");
}

static void wait_for_room(struct run *run, scoped_spawner scope)
{
    int64_t deadline = forkscope_after((int64_t)dice_roll(&run->dice, 200000));
    struct pollfd room = { .events = POLLIN };
    int error = scoped_scope_wait_room_until(scope, deadline);
    CHECK_RESULT(error, "a wait for room", 0, -ECANCELED, run->limit > 0 ? -ETIMEDOUT : 0);
    int waited = error;
    error = scoped_scope_room_fd(scope, &room.fd);
    CHECK_RESULT(error, "scoped_scope_room_fd", 0, -EAGAIN, -ENOMEM, -EMFILE);
    if (error == 0 && waited == 0) {
        int cancel;
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
        CHECK(poll(&room, 1, (int)(run_slack() / 1000000)) == 1, "room that is not told");
        pthread_setcancelstate(cancel, NULL);
    }
}

/* The object is freed with the status that it gives. */
static void join_one(struct run *run, struct item *item)
{
    void *result = run;
    int64_t until = forkscope_after((int64_t)dice_roll(&run->dice, 300000));
    int status = scoped_task_join_until(item->task, until, &result);
    if (status == SCOPED_ERUNNING) {
        CHECK(result == run, "a wait that is not over gives a result");
        return;
    }
    item->task = NULL;
    CHECK(atomic_load(&item->done) == 1, "a task is gone and not done");
    CHECK(status == (atomic_load(&item->returned) ? item->status : -ECANCELED) ||
              status == -ECANCELED,
          "task %u ended with %d instead of %d", item->number, status, item->status);
    CHECK(result == NULL || result == item, "the result of another");
}

static void use_one(struct run *run)
{
    struct item *item = &run->items[dice_roll(&run->dice, ITEMS)];
    int fd;
    if (item->task == NULL)
        return;
    switch (dice_roll(&run->dice, 5)) {
    case 0:
        run->cancels = true;
        scoped_task_cancel(item->task);
        break;
    case 1:
        CHECK_RESULT(scoped_task_wait_started_until(item->task, forkscope_after(50000)),
                     "a wait for a start", 0, SCOPED_ENOTSTARTED, -ETIMEDOUT, -ECANCELED);
        break;
    case 2:
        CHECK_RESULT(scoped_task_fd(item->task, &fd), "scoped_task_fd", 0, -EAGAIN, -ENOMEM,
                     -EMFILE);
        break;
    default:
        join_one(run, item);
    }
}

static void act(struct run *run, scoped_spawner scope)
{
    switch (dice_roll(&run->dice, 4)) {
    case 0:
        wait_for_room(run, scope);
        break;
    case 1:
        use_one(run);
        break;
    default:
        if (run->started < ITEMS)
            start_one(run, scope);
    }
}

static int body(scoped_spawner scope, void *argument)
{
    struct run *run = argument;
    pthread_cleanup_push(free_tasks, run);
    CHECK(atomic_fetch_add(&run->body.begun, 1) == 0, "a body runs twice");
    for (uint64_t i = dice_roll(&run->dice, 20); i > 0 && scoped_checkpoint() == 0; i--)
        act(run, scope);
    CHECK(scoped_close(scope, SCOPED_FOREVER, NULL) == -EINVAL, "a body closes its scope");
    pthread_cleanup_pop(1);
    return end_item(&run->body);
}

/* ---- how it went ---- */

static struct item *item_of(struct run *run, const struct scoped_failure *failure)
{
    struct item *item = failure->arg;
    if (failure->arg == run)
        return &run->body;
    CHECK(item >= run->items && item <= run->items + run->started, "a failure of nobody's");
    return item;
}

/* Without memory the message is lost, or the task was refused. */
static void check_failure(struct run *run, const struct scoped_failure *failure)
{
    const struct item *item = item_of(run, failure);
    char message[32];
    snprintf(message, sizeof message, "item %u fails", item->number);
    CHECK(failure->status == item->status || failure->status == -ENOMEM,
          "a failure of %d instead of %d", failure->status, item->status);
    CHECK(strcmp(failure->message, message) == 0 ||
              (failure->message[0] == '\0' && !records_have_memory()),
          "a failure says '%s' instead of '%s'", failure->message, message);
}

static void hear(const struct scoped_failure *failure, void *argument)
{
    struct run *run = argument;
    check_failure(run, failure);
    atomic_fetch_add(&run->heard, 1);
}

struct ends {
    size_t succeeded, failed, cancelled;
};

static void count_end(struct ends *ends, const struct item *item)
{
    bool returned = atomic_load(&item->returned);
    ends->cancelled += !returned;
    ends->succeeded += returned && item->status == 0;
    ends->failed += returned && item->status < 0;
}

static void check_counts(struct run *run, const struct scoped_outcome *outcome)
{
    struct ends ends = { 0, 0, 0 };
    count_end(&ends, &run->body);
    for (unsigned i = 0; i < run->started; i++) {
        CHECK(atomic_load(&run->items[i].done) == 1, "task %u is not done", i);
        CHECK(run->items[i].task == NULL, "an object is left");
        count_end(&ends, &run->items[i]);
    }
    CHECK(!run->starting || atomic_load(&run->items[run->started].begun) == 0,
          "a start that was cut short has started a task");
    CHECK(outcome->succeeded == ends.succeeded && outcome->failed == ends.failed &&
              outcome->cancelled == ends.cancelled,
          "%zu, %zu, %zu ends instead of %zu, %zu, %zu", outcome->succeeded, outcome->failed,
          outcome->cancelled, ends.succeeded, ends.failed, ends.cancelled);
    CHECK(atomic_load(&run->running) == 0, "tasks are left");
}

static void check_outcome(struct run *run, const struct scoped_outcome *outcome)
{
    size_t listed = 0;
    for (const struct scoped_failure *one = outcome->failures; one != NULL; one = one->next) {
        check_failure(run, one);
        listed++;
    }
    check_counts(run, outcome);
    CHECK(listed + outcome->omitted == outcome->failed, "%zu failures listed, %zu omitted, of %zu",
          listed, outcome->omitted, outcome->failed);
    CHECK(!records_have_memory() ||
              (outcome->omitted == 0 && atomic_load(&run->heard) == outcome->failed),
          "%zu failures omitted, %u told, of %zu", outcome->omitted, atomic_load(&run->heard),
          outcome->failed);
    CHECK(outcome->result == NULL || outcome->succeeded > 0, "a result of no success");
    CHECK(outcome->signal == 0, "a signal of nobody's");
}

static void check_status(const struct record *record, const struct run *run,
                         const struct scoped_outcome *outcome)
{
    int status = outcome->status;
    CHECK_RESULT(status, "scoped_run", 0, -EIO, -EPROTO, -ENOENT, -ETIME, -ECANCELED);
    CHECK(status != -ETIME || run->has_deadline, "a limit that nobody has set");
    bool needs_success = run->policy == &scoped_first_success && !outcome->result;
    CHECK(status != -ECANCELED || needs_success ||
              (outcome->cancelled > 0 &&
               (run->cancels || (record->is_task && scoped_cancelled()))),
          "a run is cut short for nothing: %zu succeeded, %zu failed, %zu cancelled, %u started",
          outcome->succeeded, outcome->failed, outcome->cancelled, run->started);
    CHECK(!outcome->timed_out || run->has_deadline, "a limit of nobody's has passed");
}

static struct scoped_options choose(struct record *record, struct run *run)
{
    static const struct scoped_policy *const policies[] = { NULL, &scoped_collect,
                                                            &scoped_fail_fast,
                                                            &scoped_first_success };
    struct dice *dice = &record->dice;
    struct scoped_options options = { .policy = policies[dice_roll(dice, 4)], .name = "run",
                                      .on_failure = hear, .on_failure_arg = run };
    if (dice_one_in(dice, 2))
        options.max_tasks = run->limit = 1 + (unsigned)dice_roll(dice, 3);
    if (dice_one_in(dice, 4))
        options.time_limit = 1 + (int64_t)dice_roll(dice, 1000000);
    if (dice_one_in(dice, 3))
        options.executor = places_some(dice)->executor;
    if (dice_one_in(dice, 4))
        options.grace = 1 + (int64_t)dice_roll(dice, 500000);
    run->policy = options.policy;
    run->has_deadline = options.time_limit > 0 || record->around.deadline != SCOPED_FOREVER;
    return options;
}

/* What runs in it is waited for before the caller is unwound: it may lie on this stack. */
void run_scope(struct record *record)
{
    struct run run = { .dice = dice_new(dice_roll(&record->dice, UINT64_MAX)) };
    struct scoped_outcome outcome = { .status = 1 };
    struct scoped_options options = choose(record, &run);
    run.body = (struct item){ .run = &run, .number = ITEMS,
                              .dice = dice_new(dice_roll(&record->dice, UINT64_MAX)) };
    int status = AT(record, POINT, scoped_run(&options, body, &run, &outcome));
    if (outcome.status == 1) {
        CHECK_RESULT(status, "scoped_run", -ENOMEM, -EAGAIN);
        CHECK(atomic_load(&run.body.begun) == 0, "a body that was refused has run");
        return;
    }
    CHECK(status == outcome.status, "scoped_run returned %d, not %d", status, outcome.status);
    check_outcome(&run, &outcome);
    check_status(record, &run, &outcome);
    scoped_outcome_fini(&outcome);
}
