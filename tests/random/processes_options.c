/*
 * processes_options.c - calls with options, in one line or started and finished, alone, in pools and
 * in scopes
 */
#include "tests/random/processes.h"
#include "tests/support/closed.h"

#include <poll.h>
#include <stdlib.h>

enum { MOST_CALLS = 4, NO_STATUS = 1 };

/* ---- what one call differs in ---- */

static void draw_input(struct dice *dice, struct call *call, struct options *options)
{
    call->input = 1 + dice_roll(dice, dice_one_in(dice, 4) ? 2000000 : 5000);
    options->input = malloc(call->input);
    for (size_t i = 0; i < call->input; i++)
        options->input[i] = (unsigned char)(call->number + i);
    options->options.input = options->input;
    options->options.input_size = call->input;
}

static void draw_output(struct dice *dice, struct call *call, struct options *options)
{
    call->capture = options->options.capture_limit = capture_draw(dice);
    call->merged = false;
    (void)options;
}

void options_draw(struct dice *dice, struct call *call, const scoped_spawner *scope,
                  struct options *ret_options)
{
    *ret_options = (struct options){ .builder = NULL };
    struct procspawn_call_options *options = &ret_options->options;
    if (call->pool != NULL)
        options->pool = call->pool->pool;
    else
        options->builder = ret_options->builder = call_builder(dice, call);
    options->scope = scope;
    options->total_limit = call->deadline;
    if (call->work >= WORKS_THAT_END || dice_one_in(dice, 12))
        options->run_limit = call->run_limit = (int64_t)(1 + dice_roll(dice, 60)) * MS;
    if (call->work == WORK_INPUT || dice_one_in(dice, 8))
        draw_input(dice, call, ret_options);
    if (call->capture == 0 && dice_one_in(dice, 3))
        draw_output(dice, call, ret_options);
    options->take_argument = dice_one_in(dice, 2);
    if (scope != NULL)
        atomic_fetch_or(&call->events, EVENT_SCOPE);
}

void options_free(struct options *options)
{
    procspawn_builder_free(options->builder);
    free(options->input);
}

/* ---- calls in one line ---- */

static bool ends_by_itself(const struct call *call)
{
    return call->work < WORKS_THAT_END && call_is_quiet(call);
}

static int call_plainly(struct dice *dice, struct call *call, json_t *argument,
                        struct procspawn_result *result)
{
    static const int64_t three = 3 * BASE_SECOND;
    procspawn_pool *pool = call->pool != NULL ? call->pool->pool : NULL;
    bool takes = dice_one_in(dice, 2);
    if (takes)
        json_incref(argument);
    if (pool != NULL)
        return takes ? IN_LIBRARY(three, procspawn_pool_call_take(pool, work, argument,
                                                                  &result->value, &result->error))
                     : IN_LIBRARY(three, procspawn_pool_call(pool, work, argument, &result->value,
                                                             &result->error));
    return takes ? IN_LIBRARY(three, procspawn_call_take(work, argument, &result->value,
                                                         &result->error))
                 : IN_LIBRARY(three, procspawn_call(work, argument, &result->value,
                                                    &result->error));
}

static void call_in_one_line(struct dice *dice, struct call *call)
{
    struct procspawn_result result = { .cpu_time = -1, .peak_memory = -1 };
    json_t *argument = call_argument(call);
    call->deadline = 0;
    call->started = base__now();
    atomic_fetch_add(&board->calls, 1);
    result.status = call_plainly(dice, call, argument, &result);
    EXPECT(json_integer_value(json_object_get(argument, "number")) == (json_int_t)call->number,
           "an argument that is changed");
    json_decref(argument);
    call_judge(call, &result, false);
}

static json_t *argument_for(const struct call *call, const struct options *options,
                            json_t **ret_kept)
{
    json_t *argument = call_argument(call);
    *ret_kept = options->options.take_argument ? NULL : argument;
    return argument;
}

static void call_with_options(struct call *call, const struct options *options)
{
    struct procspawn_result result;
    json_t *kept, *argument = argument_for(call, options, &kept);
    call->started = base__now();
    atomic_fetch_add(&board->calls, 1);
    int rc = IN_LIBRARY(3 * BASE_SECOND,
                        procspawn_call_with(&options->options, work, argument, &result));
    json_decref(kept);
    EXPECT(rc == result.status && result.tag == NULL, "call_with returned %d", rc);
    call_judge(call, &result, options->options.scope != NULL);
}

/* ---- started and finished ---- */

static bool start_with_options(struct call *call, const struct options *options)
{
    json_t *kept, *argument = argument_for(call, options, &kept);
    call->started = base__now();
    int rc = IN_LIBRARY(0, procspawn_start(&options->options, work, argument, &call->handle));
    json_decref(kept);
    return call_started(call, rc, options->options.scope != NULL);
}

static bool finish_once(struct call *call, int64_t patience)
{
    struct procspawn_result result = { .status = NO_STATUS };
    int rc = IN_LIBRARY(patience < 0 ? 3 * BASE_SECOND : patience,
                        procspawn_finish(call->handle, patience, &result));
    if (result.status == NO_STATUS) {
        EXPECT(rc == -ETIMEDOUT && patience >= 0, "finish returned %d", rc);
        return false;
    }
    EXPECT(rc == result.status, "finish returned %d and gave %d", rc, result.status);
    call->handle = NULL;
    call_judge(call, &result, false);
    return true;
}

static void finish(struct dice *dice, struct call *call)
{
    if (!call_ends_surely(call) || dice_one_in(dice, 4))
        call_kill(dice, call);
    if (!finish_once(call, (int64_t)dice_roll(dice, 20) * MS))
        finish_once(call, -1);
}

/* ---- the act ---- */

static void act_once(struct dice *dice, struct call *call, struct pool *pool,
                     const scoped_spawner *scope)
{
    struct options options;
    call_draw(dice, call, pool);
    if (scope == NULL && ends_by_itself(call) && call->work != WORK_INPUT && dice_one_in(dice, 3)) {
        call_in_one_line(dice, call);
        return;
    }
    options_draw(dice, call, scope, &options);
    if (dice_one_in(dice, 2))
        call_with_options(call, &options);
    else
        start_with_options(call, &options);
    options_free(&options);
}

static bool open_root(struct dice *dice, scoped_spawner *ret_root)
{
    struct scoped_options options = { .policy = dice_one_in(dice, 3) ? &scoped_fail_fast : NULL };
    if (dice_one_in(dice, 4))
        options.until = forkscope_after((int64_t)dice_roll(dice, 60) * MS);
    int rc = IN_LIBRARY(0, scoped_spawner_open_with(&options, ret_root));
    EXPECT(rc == 0 || call_is_shortage(rc), "a root is refused: %d", rc);
    return rc == 0;
}

void options_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct call calls[MOST_CALLS];
    struct pool pool = { .pool = NULL };
    scoped_spawner root;
    bool scoped = dice_one_in(dice, 3) && open_root(dice, &root);
    unsigned count = 1 + (unsigned)dice_roll(dice, MOST_CALLS);
    bool pooled = dice_one_in(dice, 3) && pools_open(dice, &pool, NULL);
    for (unsigned i = 0; i < count; i++)
        act_once(dice, &calls[i], pooled ? &pool : NULL, scoped ? &root : NULL);
    for (unsigned i = 0; i < count; i++) {
        if (!calls[i].ended && calls[i].handle != NULL)
            finish(dice, &calls[i]);
    }
    if (pooled)
        pools_close(dice, &pool);
    if (scoped)
        EXPECT(IN_LIBRARY(3 * BASE_SECOND, close_whatever(root, SCOPED_FOREVER)) == 0,
               "a root cannot be closed");
}
