/*
 * processes_calls.c - draws, starts and checks one call
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- making one ---- */

static atomic_ulong numbers;

/* A number says which call it is, and nothing else: it differs from run to run. */
static uint64_t new_number(void)
{
    return 2 * (atomic_fetch_add(&numbers, 1) + 1);
}

static uint64_t some_amount(struct dice *dice, enum work what)
{
    static const uint64_t most[] = { 10, 1000, 100000, 3000000 };
    uint64_t amount = dice_roll(dice, most[dice_roll(dice, 4)]);
    if (what == WORK_FLOOD)
        return amount % 20000;
    return what == WORK_LONG || what == WORK_ECHO_BACK || what == WORK_FAIL ? amount
                                                                            : amount % 1000;
}

static enum work some_work(struct dice *dice)
{
    switch (dice_roll(dice, 4)) {
    case 0:
        return (enum work)dice_roll(dice, WORKS);
    case 1:
        return WORK_ECHO;
    default:
        return (enum work)dice_roll(dice, WORKS_WITH_RESULT);
    }
}

void call_draw(struct dice *dice, struct call *ret_call, struct pool *pool)
{
    enum work what = some_work(dice);
    *ret_call = (struct call){
        .work = what,
        .number = new_number(),
        .amount = some_amount(dice, what),
        .family = pool != NULL ? pool->family : family_new(),
        .pool = pool,
        .capture = pool != NULL ? pool->capture : 0,
    };
    if (dice_one_in(dice, what < WORKS_THAT_END ? 12 : 2))
        ret_call->deadline = (int64_t)(1 + dice_roll(dice, 60)) * MS;
}

/* Sometimes less than a line. */
size_t capture_draw(struct dice *dice)
{
    static const size_t most[] = { 40, 5000, 70000, 1 << 20 };
    return 1 + dice_roll(dice, most[dice_roll(dice, 4)]);
}

procspawn_builder *call_builder(struct dice *dice, struct call *call)
{
    procspawn_builder *builder = procspawn_builder_new();
    EXPECT(builder != NULL, "no memory");
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_total_limit(builder, call->deadline);
    procspawn_builder_grace(builder, (int64_t)dice_roll(dice, 30) * MS);
    if (dice_one_in(dice, 6)) {
        call->capture = capture_draw(dice);
        call->merged = dice_one_in(dice, 3);
        procspawn_builder_capture(builder, call->capture, call->merged);
    }
    if (dice_one_in(dice, 4))
        procspawn_builder_env(builder, "FORKSCOPE_RANDOM", "1");
    if (dice_one_in(dice, 4))
        procspawn_builder_cwd(builder, "/");
    if (dice_one_in(dice, 4))
        procspawn_builder_name(builder, "random");
    if (dice_one_in(dice, 8))
        procspawn_builder_may_spawn(
            builder, call->work >= WORK_NEST && call->work <= WORK_NEST_UNHEARD);
    return builder;
}

json_t *call_argument(const struct call *call)
{
    json_t *argument = work_argument(call->work, call->family, call->number, call->amount);
    if (call->work == WORK_ECHO_BACK) {
        char *text = malloc(call->amount + 1);
        memset(text, 'A' + (int)(call->number % 26), call->amount);
        text[call->amount] = '\0';
        json_object_set_new(argument, "text", json_string(text));
        free(text);
    }
    if (call->work == WORK_BYTES)
        json_object_set_new(argument, "value", bytes_value(call->number));
    if (call->input > 0)
        json_object_set_new(argument, "input", json_true());
    return argument;
}

bool call_started(struct call *call, int rc, bool in_scope)
{
    if (call->deadline > 0)
        atomic_fetch_or(&call->events, EVENT_DEADLINE);
    if (rc == 0) {
        atomic_fetch_add(&board->calls, 1);
        return true;
    }
    EXPECT(call_may_be_refused(call, rc, in_scope), "a call of work %d, deadline %d ms, is refused: %s",
           (int)call->work, (int)(call->deadline / MS), forkscope_strerror(rc));
    atomic_fetch_add(&board->refused, 1);
    call->handle = NULL;
    if (in_scope && call->pool == NULL)
        family_check_gone(call->family, "a call that a scope refused");
    return false;
}

static int start_in_pool(struct call *call, json_t *argument)
{
    const struct procspawn_call_options options = { .pool = call->pool->pool,
                                                    .total_limit = call->deadline };

    return call->deadline > 0
               ? IN_LIBRARY(0, procspawn_start(&options, work, argument, &call->handle))
               : IN_LIBRARY(0,
                            procspawn_pool_spawn(call->pool->pool, work, argument, &call->handle));
}

bool call_is_quiet(const struct call *call)
{
    return call->work != WORK_PRINT && call->work != WORK_FLOOD && call->work != WORK_ASSERT &&
           !call_sanitizer_prints(call);
}

static int start_alone(struct dice *dice, struct call *call, json_t *argument)
{
    if (call->deadline == 0 && call_is_quiet(call) && dice_one_in(dice, 2))
        return IN_LIBRARY(0, procspawn(work, argument, &call->handle));
    procspawn_builder *builder = call_builder(dice, call);
    int rc = IN_LIBRARY(0, procspawn_builder_spawn(builder, work, argument, &call->handle));
    procspawn_builder_free(builder);
    return rc;
}

bool call_start(struct dice *dice, struct call *call)
{
    json_t *argument = call_argument(call);
    call->started = base__now();
    int rc = call->pool != NULL ? start_in_pool(call, argument) : start_alone(dice, call, argument);
    json_decref(argument);
    return call_started(call, rc, false);
}

/* ---- its end ---- */

/* The first join has had it all. */
static void check_consumed(struct call *call)
{
    procspawn_error *error = NULL;
    int rc = IN_LIBRARY(0, procspawn_join_timeout(call->handle, 0, NULL, &error));
    if (call_is_shortage(rc))
        return;
    EXPECT(rc == PROCSPAWN_ECALL && procspawn_error_kind(error) == PROCSPAWN_ERROR_CONSUMED,
           "a second join returned %d", rc);
    procspawn_error_free(error);
}

/* How long a call that ends by itself, or has been ended, may take. */
static int64_t limit_of(int64_t patience)
{
    return patience < 0 ? 3 * BASE_SECOND : patience;
}

static int join_once(struct call *call, int64_t patience)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = IN_LIBRARY(limit_of(patience),
                        procspawn_join_timeout(call->handle, patience, &result, &error));
    if (rc == 0)
        call_judge_result(call, result);
    else if (rc == PROCSPAWN_ECALL)
        call_judge_error(call, error);
    else
        EXPECT(call_is_shortage(rc) || (rc == -ETIMEDOUT && patience >= 0), "a join returned %d", rc);
    call->starved |= rc == -ENOMEM;
    return rc;
}

bool call_join(struct call *call, int64_t patience)
{
    int rc = call->ended ? 0 : join_once(call, patience);
    while (patience < 0 && call_is_shortage(rc)) {
        poll(NULL, 0, 1);
        rc = join_once(call, patience);
    }
    if (call->ended)
        check_consumed(call);
    return call->ended;
}

bool call_wait(struct call *call, int64_t patience)
{
    struct rusage usage;
    int rc;
    do {
        rc = IN_LIBRARY(limit_of(patience),
                        procspawn_wait_timeout(call->handle, patience, call->pool != NULL ? NULL : &usage));
        if (call_is_shortage(rc))
            poll(NULL, 0, 1);
    } while (patience < 0 && call_is_shortage(rc));
    EXPECT(rc == 0 || call_is_shortage(rc) || (rc == -ETIMEDOUT && patience >= 0) ||
               (rc == PROCSPAWN_ESERVER && weather_lost_since(call->started)),
           "a wait returned %d", rc);
    if (rc == -ETIMEDOUT || call_is_shortage(rc))
        return false;
    if (call->pool == NULL && !call->gone && !board->root_killed)
        family_check_gone(call->family, rc == 0 ? "procspawn_wait_timeout" : "a wait that lost the server");
    call->gone = true;
    return true;
}

void call_kill(struct dice *dice, struct call *call)
{
    int64_t grace = (int64_t)dice_roll(dice, 30) * MS;
    atomic_fetch_or(&call->events, EVENT_KILLED);
    int rc = dice_one_in(dice, 2)
                 ? IN_LIBRARY(0, procspawn_kill(call->handle))
                 : IN_LIBRARY(0, procspawn_terminate(
                                     call->handle, dice_one_in(dice, 4) ? SIGINT : SIGTERM, grace));
    EXPECT(rc == 0 || (rc == PROCSPAWN_ESERVER && weather_lost_since(call->started)),
           "a kill returned %d", rc);
}

bool call_ends_surely(const struct call *call)
{
    return call->ended || call->work < WORKS_THAT_END || call->deadline > 0 ||
           call->run_limit > 0 || call_was_ended(call);
}

void call_free(struct call *call)
{
    if (!call->ended)
        call_end_with(call, ENDED_UNHEARD);
    IN_LIBRARY(0, (procspawn_handle_free(call->handle), 0));
    call->handle = NULL;
}

/* Calls of a pool may wait behind one that hangs: they are killed unless they have ended. */
void call_finish(struct dice *dice, struct call *call)
{
    if (!dice_one_in(dice, 4))
        call_join(call, (int64_t)dice_roll(dice, 40) * MS);
    if (!call->ended && (call->pool != NULL || !call_ends_surely(call) || dice_one_in(dice, 3)))
        call_kill(dice, call);
    if (!dice_one_in(dice, 6)) {
        call_join(call, -1);
        call_wait(call, -1);
        output_check_captured(call);
    }
    call_free(call);
}
