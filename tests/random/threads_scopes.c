/*
 * threads_scopes.c - scopes and roots: opened with random options, closed in order, and checked
 */
#include "tests/random/threads.h"

#include "tests/random/faults.h"
#include "tests/support/closed.h"

#include <string.h>

/* ---- policies ---- */

static size_t ended_so_far(const struct scoped_progress *progress)
{
    return progress->succeeded + progress->failed + progress->cancelled;
}

/* One end more, in the place where its status belongs. */
static void check_count(const struct scoped_progress *before, const struct scoped_progress *now,
                        int status)
{
    CHECK(ended_so_far(now) == ended_so_far(before) + 1, "ends are not counted one by one");
    CHECK(now->succeeded - before->succeeded == (status >= 0), "a status of %d as a success",
          status);
    CHECK(now->cancelled == before->cancelled || status == -ECANCELED, "a status of %d as a cancel",
          status);
    CHECK(now->first_failure == (before->failed > 0  ? before->first_failure
                                 : now->failed > 0 ? status
                                                   : 0),
          "%d is not the first failure", now->first_failure);
}

/* What has been once, stays. */
static void check_flags(const struct counting_policy *policy, const struct scoped_progress *now)
{
    const struct scoped_progress *before = &policy->seen;
    CHECK(now->timed_out >= before->timed_out, "a deadline that is forgotten");
    CHECK(!now->timed_out || now->cancelled > 0, "a deadline that cut nothing short");
    CHECK(now->stopped >= (before->stopped || policy->has_stopped), "a scope that goes on");
}

static bool count_end(const struct scoped_policy *self, const struct scoped_progress *progress,
                      int status)
{
    struct counting_policy *policy = (struct counting_policy *)self;
    CHECK(!atomic_exchange(&policy->inside, true), "a policy is asked twice at a time");
    check_count(&policy->seen, progress, status);
    check_flags(policy, progress);
    policy->seen = *progress;
    policy->has_stopped |= progress->failed > policy->most_failures;
    atomic_store(&policy->inside, false);
    return progress->failed > policy->most_failures;
}

static int judge_end(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    const struct counting_policy *policy = (const struct counting_policy *)self;
    CHECK(ended_so_far(progress) == ended_so_far(&policy->seen), "ends are counted twice");
    CHECK(progress->first_failure == policy->seen.first_failure, "another first failure");
    check_flags(policy, progress);
    CHECK(scoped_checkpoint() == 0, "a checkpoint in a policy");
    return (int)progress->failed;
}

/* A path goes from the root to the task's own name. */
static void check_failure(const struct scoped_failure *failure)
{
    const char *last = strrchr(failure->path, '/');
    const char *name = failure->name[0] != '\0' ? failure->name : "task";
    CHECK(failure->status < 0, "a failure with the status %d", failure->status);
    CHECK(last != NULL && strcmp(last + 1, name) == 0, "the path of %s is %s", name, failure->path);
    CHECK(strncmp(failure->path, "root/", strlen("root/")) == 0 ||
              strncmp(failure->path, "a scope with a /", strlen("a scope with a /")) == 0,
          "the path %s begins nowhere", failure->path);
}

/* After the task's done, unless it had no memory to run. */
static void listen(const struct scoped_failure *failure, void *arg)
{
    struct record *record = record_ending();
    check_failure(failure);
    CHECK(failure->next == NULL, "a list of failures");
    CHECK(record != NULL && record->around.listener == arg, "a failure of somebody else's");
    CHECK(atomic_fetch_add(&record->heard, 1) == 0, "a failure is told twice");
    if (atomic_load(&record->phase) == PHASE_DONE)
        record_check_status(record, failure->status);
    else
        CHECK(failure->status == -ENOMEM, "a task that has not run failed with %d",
              failure->status);
    CHECK(scoped_sleep_until(forkscope_after(10000)) == 0, "a wait in a failure function");
}

/* ---- opening ---- */

static const struct scoped_policy *some_policy(struct dice *dice, struct scope_record *scope)
{
    scope->counting = (struct counting_policy){ .base = { count_end, judge_end },
                                                .most_failures = dice_roll(dice, 3) };
    switch (dice_roll(dice, 5)) {
    case 0: return &scoped_fail_fast;
    case 1: return &scoped_first_success;
    case 2: return &scope->counting.base;
    default: return &scoped_collect;
    }
}

static void bind_some(struct dice *dice, struct scope_record *scope)
{
    int count = 0;
    for (int i = 0; i < KEYS; i++) {
        if (!dice_one_in(dice, 3))
            continue;
        scope->around.values[i] = (intptr_t)(dice_roll(dice, 1000) + 1);
        scope->bindings[count++] = (struct scoped_binding){ &threads_keys[i],
                                                            (void *)scope->around.values[i] };
    }
    scope->bindings[count] = (struct scoped_binding){ NULL, NULL };
}

static void choose_times(struct dice *dice, struct scoped_options *options,
                         struct around *around, bool *ret_has_own)
{
    if (dice_one_in(dice, 4))
        options->until = forkscope_after((int64_t)dice_roll(dice, 4) * 1000000);
    *ret_has_own = options->until > 0 && options->until < around->deadline;
    if (*ret_has_own)
        around->deadline = options->until;
    if (dice_one_in(dice, 4))
        options->grace = 1 + (int64_t)dice_roll(dice, 1000000);
    if (options->grace > 0)
        around->grace = options->grace;
}

static struct scoped_options choose(struct dice *dice, struct scope_record *scope)
{
    struct scoped_options options = { .bindings = scope->bindings };
    if (dice_one_in(dice, 2)) {
        scope->around.place = places_some(dice);
        options.executor = scope->around.place->executor;
    }
    options.cancel = (enum scoped_cancel_mode)dice_roll(dice, 4);
    if (options.cancel != SCOPED_CANCEL_INHERITED)
        scope->around.mode = options.cancel;
    choose_times(dice, &options, &scope->around, &scope->has_deadline);
    bind_some(dice, scope);
    options.policy = scope->policy = some_policy(dice, scope);
    options.max_tasks = scope->limit = dice_one_in(dice, 3) ? 1 + (unsigned)dice_roll(dice, 3) : 0;
    options.discard = dice_one_in(dice, 3);
    scope->discards = options.discard;
    if (dice_one_in(dice, 3)) {
        options.on_failure = listen;
        options.on_failure_arg = scope->around.listener = scope;
    }
    if (dice_one_in(dice, 2))
        options.name = "a scope with a long name";
    return options;
}

/* The library borrows some of it until the scope is closed, or its owner has ended. */
static struct scope_record *place_for(struct record *record)
{
    struct scope_record *scope = &record->scopes[record->open_scopes];
    memset(scope, 0, sizeof *scope);
    return scope;
}

static int open_root(struct record *record, struct scope_record *scope)
{
    scope->is_root = true;
    scope->around = (struct around){ .place = places_thread(), .mode = SCOPED_CANCEL_FORCED,
                                     .deadline = SCOPED_FOREVER };
    struct scoped_options options = choose(&record->dice, scope);
    return AT(record, NO_POINT, scoped_spawner_open_with(&options, &scope->id));
}

static int open_inside(struct record *record, struct scope_record *scope)
{
    struct target target = scope_some(record);
    scope->around = target.around;
    scope->inside = target.scope;
    struct scoped_options options = choose(&record->dice, scope);
    return AT(record, NO_POINT, scoped_scope_open(target.id, &options, &scope->id));
}

static bool opened(struct record *record, int error)
{
    CHECK_RESULT(error, "opening a scope", 0, -ENOMEM, -EAGAIN);
    record->open_scopes += error == 0;
    return error == 0;
}

bool scope_open_root(struct record *owner)
{
    struct scope_record *scope = place_for(owner);
    if (!opened(owner, open_root(owner, scope)))
        return false;
    owner->self = scope->id;
    return true;
}

void scope_open(struct record *record)
{
    if (record->open_scopes == SCOPES)
        return;
    struct scope_record *scope = place_for(record);
    opened(record, dice_one_in(&record->dice, 6) ? open_root(record, scope)
                                                 : open_inside(record, scope));
}

struct target scope_some(struct record *record)
{
    unsigned choices = record->open_scopes + record->is_task;
    unsigned choice = (unsigned)dice_roll(&record->dice, choices);
    struct target target = { .id = record->self, .around = record->around };
    target.around.above = record->is_task ? record : NULL;
    if (choice < record->open_scopes) {
        target.scope = &record->scopes[choice];
        target.id = target.scope->id;
        target.around = target.scope->around;
    }
    return target;
}

/* ---- cancelling ---- */

void scope_cancel(struct record *record)
{
    struct scoped_cancel_sender *sender;
    if (record->open_scopes == 0 || !dice_one_in(&record->dice, 3))
        return;
    struct scope_record *scope = &record->scopes[record->open_scopes - 1];
    if (dice_one_in(&record->dice, 2)) {
        int error = AT(record, NO_POINT, scoped_cancel(scope->id));
        CHECK(error == 0, "scoped_cancel gave %d", error);
        scope->is_cancelled = true;
        return;
    }
    int error = AT(record, NO_POINT, scoped_cancel_sender_new(scope->id, &sender));
    CHECK(error == 0, "scoped_cancel_sender_new gave %d", error);
    helpers_give_sender(&record->dice, sender);
}

/* ---- closing ---- */

static void check_failures(const struct scope_record *scope, const struct scoped_outcome *outcome)
{
    size_t listed = 0;
    const struct scoped_failure *failure;
    for (failure = outcome->failures; failure != NULL; failure = failure->next) {
        check_failure(failure);
        listed++;
    }
    CHECK(!scope->discards || listed == 0, "failures that were to be discarded");
    CHECK(scope->discards || outcome->omitted == 0 || !records_have_memory(),
          "%zu failures are omitted for nothing", outcome->omitted);
    CHECK(listed + outcome->omitted == outcome->failed, "%zu failures listed, %zu omitted, of %zu",
          listed, outcome->omitted, outcome->failed);
}

static void check_status(const struct scope_record *scope, const struct scoped_outcome *outcome)
{
    int status = outcome->status;
    if (scope->policy == &scope->counting.base)
        CHECK(status == (int)outcome->failed, "another status than the policy's");
    else if (scope->policy == &scoped_first_success && outcome->succeeded > 0)
        CHECK(status == 0, "a success gave %d", status);
    else if (outcome->failed > 0)
        CHECK(status < 0, "a failure gave %d", status);
    else if (scope->policy == &scoped_first_success)
        CHECK_RESULT(status, "no success", -ECANCELED, -ETIME);
    else
        CHECK_RESULT(status, "no failure", 0, outcome->cancelled > 0 ? -ETIME : 0);
    CHECK(status != -ETIME || outcome->failed > 0 ||
              atomic_load(&scope->last_cancelled) >= scope->around.deadline,
          "a deadline that cut nothing short");
}

/* By the tasks' own account; the value is that of one that succeeded. */
static void check_counts(const struct record *owner, const struct scope_record *scope,
                         const struct scoped_outcome *outcome)
{
    size_t ends[ENDS] = { 0 };
    bool is_known = outcome->result == NULL;
    for (const struct record *child = owner->first_child; child != NULL; child = child->sibling) {
        if (child->scope != scope)
            continue;
        ends[record_end(child)]++;
        is_known |= outcome->result == child && record_end(child) == END_SUCCEEDED;
    }
    CHECK(outcome->succeeded == ends[END_SUCCEEDED], "%zu successes instead of %zu",
          outcome->succeeded, ends[END_SUCCEEDED]);
    CHECK(outcome->failed >= ends[END_FAILED] && outcome->cancelled >= ends[END_CANCELLED],
          "%zu failures, %zu cancels instead of %zu, %zu, and %zu that are either", outcome->failed,
          outcome->cancelled, ends[END_FAILED], ends[END_CANCELLED], ends[END_EITHER]);
    CHECK(is_known, "a value of nobody's that succeeded");
}

/* The record of the scope is used again. */
static void forget_children(const struct record *owner, const struct scope_record *scope)
{
    for (struct record *child = owner->first_child; child != NULL; child = child->sibling) {
        if (child->scope == scope)
            child->scope = NULL;
    }
}

static void check_outcome(const struct record *owner, const struct scope_record *scope,
                          struct scoped_outcome *outcome)
{
    CHECK(outcome->succeeded + outcome->failed + outcome->cancelled == scope->spawned,
          "%zu + %zu + %zu ends of %u tasks", outcome->succeeded, outcome->failed,
          outcome->cancelled, scope->spawned);
    check_counts(owner, scope, outcome);
    check_failures(scope, outcome);
    check_status(scope, outcome);
    scoped_outcome_fini(outcome);
}

static int64_t some_deadline(struct record *record)
{
    if (!record->bounded && dice_one_in(&record->dice, 3))
        return SCOPED_FOREVER;
    return forkscope_after((int64_t)dice_roll(&record->dice, 300000));
}

/* Says which of the two it was. */
static int why_running(int error, int64_t deadline)
{
    if (error != SCOPED_ERUNNING)
        return error;
    return forkscope_after(0) >= deadline ? -ETIMEDOUT : -ECANCELED;
}

/* Closing a root cancels first, so it may wait for ever. */
static int close_last(struct record *record, struct scope_record *scope)
{
    struct scoped_outcome outcome = { .status = NO_OUTCOME };
    int64_t deadline = some_deadline(record);
    int error;
    if (scope->is_root) {
        error = AT(record, POINT, close_whatever(scope->id, deadline));
        scope->is_cancelled = true;
    } else {
        error = AT(record, POINT, scoped_close(scope->id, deadline, &outcome));
        if (outcome.status != NO_OUTCOME) {
            CHECK(error == outcome.status, "a close gave %d, not %d", error, outcome.status);
            check_outcome(record, scope, &outcome);
            error = 0;
        }
    }
    error = why_running(error, deadline);
    record_check_cut(record, error);
    return error;
}

void scope_close(struct record *record)
{
    unsigned first = record->is_task ? 0 : 1;
    if (record->open_scopes <= first)
        return;
    struct scope_record *scope = &record->scopes[record->open_scopes - 1];
    int error = close_last(record, scope);
    CHECK_RESULT(error, "closing a scope", 0, -ETIMEDOUT, record->is_task ? -ECANCELED : 0);
    if (error < 0)
        return;
    forget_children(record, scope);
    record->stale = scope->id;
    record->open_scopes--;
}

/* What a root runs while it is closed has been cancelled and does not last. */
static void check_closed_in_time(int error, int64_t deadline)
{
    int64_t now = forkscope_after(0);
    CHECK(error != SCOPED_ERUNNING || (now >= deadline && now - deadline < run_slack()),
          "a close gave up early, or late");
}

static void close_root(struct record *owner, const struct scope_record *scope)
{
    int64_t deadline = forkscope_after((int64_t)dice_roll(&owner->dice, 3) * 200000);
    int error = AT(owner, NO_POINT, close_whatever(scope->id, deadline));
    CHECK_RESULT(error, "closing a root", 0, SCOPED_ERUNNING);
    check_closed_in_time(error, deadline);
    if (error == 0)
        return;
    deadline = forkscope_after(run_slack());
    error = AT(owner, NO_POINT, close_whatever(scope->id, deadline));
    CHECK(error == 0, "a root cannot be closed: %d", error);
}

/* Roots take the scopes inside with them. */
void scope_close_all(struct record *owner)
{
    while (owner->open_scopes > 0) {
        struct scope_record *scope = &owner->scopes[--owner->open_scopes];
        if (scope->is_root)
            close_root(owner, scope);
    }
}
