/*
 * processes_scopes.c - processes and pools in scopes of threads: cancelled, limited and closed,
 * with tasks that wait for their calls
 */
#include "tests/random/processes.h"
#include "tests/support/closed.h"

enum { MOST_TASKS = 3, CALLS_EACH = 3, MOST_CALLS = 6 };

/* Its calls are judged and freed by the owner of the root, when it is gone. */
struct waiting {
    struct dice dice;
    struct call calls[CALLS_EACH];
    unsigned count;
};

struct scope {
    struct waiting tasks[MOST_TASKS];
    struct call calls[MOST_CALLS];
    unsigned count;
    struct pool pool;
};

static bool start_in(scoped_spawner spawner, struct dice *dice, struct call *call)
{
    procspawn_builder *builder = call_builder(dice, call);
    json_t *argument = call_argument(call);
    call->started = base__now();
    atomic_fetch_or(&call->events, EVENT_SCOPE);
    int rc = IN_LIBRARY(-1, scoped_procspawn(spawner, builder, work, argument, &call->handle));
    json_decref(argument);
    procspawn_builder_free(builder);
    return call_started(call, rc, true);
}

/* A cancellation point: its handle stays valid, and nothing is judged here. */
static void wait_for(struct waiting *task, struct call *call)
{
    int64_t patience = dice_one_in(&task->dice, 2) ? -1 : (int64_t)dice_roll(&task->dice, 30) * MS;
    int rc = IN_LIBRARY(-1, procspawn_wait_timeout(call->handle, patience, NULL));
    EXPECT(rc == 0 || rc == -ECANCELED || (rc == -ETIMEDOUT && patience >= 0) ||
               (rc == PROCSPAWN_ESERVER && weather_lost_since(call->started)) ||
               (weather_is_short() && (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)),
           "a task's wait returned %d", rc);
    if (rc == 0)
        family_check_gone(call->family, "a task's wait");
    call->gone |= rc == 0;
}

static int live(scoped_spawner self, void *argument)
{
    struct waiting *task = argument;
    bool cancelled = false;
    faults_spare(true);
    while (task->count < CALLS_EACH && !cancelled) {
        struct call *call = &task->calls[task->count];
        int state;
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
        call_draw(&task->dice, call, NULL);
        bool started = start_in(self, &task->dice, call);
        task->count += started;
        pthread_setcancelstate(state, NULL);
        if (started)
            wait_for(task, call);
        cancelled = !started || IN_LIBRARY(0, scoped_checkpoint()) < 0;
    }
    return 0;
}

static bool may_be_refused(int rc)
{
    return rc == 0 || (weather_is_short() && (rc == -ENOMEM || rc == -EAGAIN));
}

static bool open_root(struct dice *dice, scoped_spawner *ret_root)
{
    static const struct scoped_policy *const policies[] = { &scoped_collect, &scoped_fail_fast,
                                                            &scoped_first_success };
    struct scoped_options options = {
        .policy = policies[dice_roll(dice, 3)],
        .cancel = (enum scoped_cancel_mode)dice_roll(dice, 4),
    };
    if (dice_one_in(dice, 3))
        options.until = forkscope_after((int64_t)dice_roll(dice, 100) * MS);
    if (dice_one_in(dice, 3))
        options.grace = (int64_t)dice_roll(dice, 20) * MS;
    int rc = IN_LIBRARY(0, scoped_spawner_open_with(&options, ret_root));
    EXPECT(may_be_refused(rc), "a root is refused: %d", rc);
    return rc == 0;
}

static void populate(struct dice *dice, scoped_spawner root, struct scope *scope)
{
    unsigned tasks = (unsigned)dice_roll(dice, MOST_TASKS + 1);
    for (unsigned i = 0; i < tasks; i++) {
        scope->tasks[i] = (struct waiting){ .dice = dice_new(dice_roll(dice, UINT64_MAX)) };
        int rc = IN_LIBRARY(0, scoped_spawn(root, live, &scope->tasks[i], NULL));
        EXPECT(may_be_refused(rc), "a task is refused: %d", rc);
    }
    unsigned calls = (unsigned)dice_roll(dice, MOST_CALLS);
    for (unsigned i = 0; i < calls; i++) {
        call_draw(dice, &scope->calls[scope->count], NULL);
        scope->count += start_in(root, dice, &scope->calls[scope->count]);
    }
    if (dice_one_in(dice, 3))
        pools_open(dice, &scope->pool, &root);
}

/* Calls of a pool that ends with its scope. */
static void use_pool(struct dice *dice, struct pool *pool)
{
    struct call call;
    atomic_fetch_or(&pool->killed, EVENT_POOL);
    pool->ends = true;
    for (uint64_t i = dice_roll(dice, 4); i > 0; i--) {
        call_draw(dice, &call, pool);
        if (call_start(dice, &call))
            call_finish(dice, &call);
    }
}

static void close_root(struct dice *dice, scoped_spawner root)
{
    int64_t patience = (int64_t)dice_roll(dice, 20) * MS;
    int rc = SCOPED_ERUNNING;
    if (dice_one_in(dice, 3))
        EXPECT(IN_LIBRARY(0, scoped_cancel(root)) == 0, "a root cannot be cancelled");
    if (dice_one_in(dice, 2)) {
        rc = IN_LIBRARY(patience, close_whatever(root, forkscope_after(patience)));
        EXPECT(rc == 0 || rc == SCOPED_ERUNNING, "a close returned %d", rc);
    }
    if (rc == SCOPED_ERUNNING) {
        rc = IN_LIBRARY(3 * BASE_SECOND, close_whatever(root, SCOPED_FOREVER));
        EXPECT(rc == 0, "a close for ever returned %d", rc);
    }
}

/* All have ended, but a result may still have to be decoded, and memory for it may be short. */
static void check_over(struct call *calls, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!calls[i].gone && !board->root_killed)
            family_check_gone(calls[i].family, "its scope");
        EXPECT(call_join(&calls[i], -1), "work %d: a call outlives its scope", (int)calls[i].work);
        call_free(&calls[i]);
    }
}

void scopes_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct scope scope = { .count = 0 };
    scoped_spawner root;
    if (!open_root(dice, &root))
        return;
    populate(dice, root, &scope);
    if (scope.pool.pool != NULL)
        use_pool(dice, &scope.pool);
    for (unsigned i = 0; i < scope.count; i++) {
        if (dice_one_in(dice, 3))
            call_join(&scope.calls[i], (int64_t)dice_roll(dice, 20) * MS);
        else if (dice_one_in(dice, 3))
            call_kill(dice, &scope.calls[i]);
    }
    if (scope.pool.pool != NULL && dice_one_in(dice, 2))
        pools_close(dice, &scope.pool);
    close_root(dice, root);
    check_over(scope.calls, scope.count);
    for (unsigned i = 0; i < MOST_TASKS; i++)
        check_over(scope.tasks[i].calls, scope.tasks[i].count);
    if (scope.pool.pool != NULL) {
        if (!board->root_killed)
            family_check_gone(scope.pool.family, "the scope of its pool");
        scope.pool.family = -1;
        IN_LIBRARY(0, (procspawn_pool_free(scope.pool.pool), 0));
    }
}
