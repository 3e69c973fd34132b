/*
 * processes_calls.c - draws, starts and checks one call
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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
    return what == WORK_LONG || what == WORK_ECHO_BACK ? amount : amount % 1000;
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
    };
    if (dice_one_in(dice, what < WORKS_THAT_END ? 12 : 2))
        ret_call->deadline = (int64_t)(1 + dice_roll(dice, 60)) * MS;
}

procspawn_builder *call_builder(struct dice *dice, struct call *call)
{
    procspawn_builder *builder = procspawn_builder_new();
    EXPECT(builder != NULL, "no memory");
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_total_limit(builder, call->deadline);
    procspawn_builder_grace(builder, (int64_t)dice_roll(dice, 30) * MS);
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

static json_t *some_argument(const struct call *call)
{
    json_t *argument = work_argument(call->work, call->family, call->number, call->amount);
    if (call->work == WORK_ECHO_BACK) {
        char *text = malloc(call->amount + 1);
        memset(text, 'A' + (int)(call->number % 26), call->amount);
        text[call->amount] = '\0';
        json_object_set_new(argument, "text", json_string(text));
        free(text);
    }
    return argument;
}

/* Refused for want of something; the thread goes on without. */
static bool is_shortage(int rc)
{
    return weather_is_short() && (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
                                  rc == -EAGAIN || rc == PROCSPAWN_EJSON);
}

static bool may_be_refused(const struct call *call, int rc, bool in_scope)
{
    if (is_shortage(rc))
        return true;
    if (rc == -ETIMEDOUT)
        return call->deadline > 0 && call->pool == NULL &&
               base__now() >= call->started + call->deadline;
    if (rc == PROCSPAWN_ESERVER)
        return weather_lost_since(call->started);
    if (rc == PROCSPAWN_ESHUTDOWN)
        return call->pool != NULL && call->pool->ends;
    if (rc == PROCSPAWN_EPOOL)
        return call->pool != NULL && (call->pool->broken || board->root_killed);
    return in_scope && (rc == -ECANCELED || rc == SCOPED_ECLOSED);
}

bool call_started(struct call *call, int rc, bool in_scope)
{
    if (call->deadline > 0)
        atomic_fetch_or(&call->events, EVENT_DEADLINE);
    if (rc == 0) {
        atomic_fetch_add(&board->calls, 1);
        return true;
    }
    EXPECT(may_be_refused(call, rc, in_scope), "a call of work %d, deadline %d ms, is refused: %s",
           (int)call->work, (int)(call->deadline / MS), forkscope_strerror(rc));
    atomic_fetch_add(&board->refused, 1);
    call->handle = NULL;
    if (in_scope)
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

static int start_alone(struct dice *dice, struct call *call, json_t *argument)
{
    bool is_quiet = call->work != WORK_PRINT && call->work != WORK_ASSERT;
    if (call->deadline == 0 && is_quiet && dice_one_in(dice, 2))
        return IN_LIBRARY(0, procspawn(work, argument, &call->handle));
    procspawn_builder *builder = call_builder(dice, call);
    int rc = IN_LIBRARY(0, procspawn_builder_spawn(builder, work, argument, &call->handle));
    procspawn_builder_free(builder);
    return rc;
}

bool call_start(struct dice *dice, struct call *call)
{
    json_t *argument = some_argument(call);
    call->started = base__now();
    int rc = call->pool != NULL ? start_in_pool(call, argument) : start_alone(dice, call, argument);
    json_decref(argument);
    return call_started(call, rc, false);
}

/* ---- its end ---- */

static unsigned events_of(const struct call *call)
{
    return call->events | (call->pool != NULL ? call->pool->killed : 0);
}

static bool was_ended(const struct call *call)
{
    return events_of(call) & (EVENT_KILLED | EVENT_SCOPE | EVENT_POOL | EVENT_FINI);
}

static bool is_struck(int signal)
{
    return board->weather.strikes && (signal == SIGKILL || signal == SIGTERM);
}

static json_int_t get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL ? json_integer_value(value) : INT_MIN;
}

/* Of the text that it should have. */
static bool is_text(const json_t *text, size_t length, char letter)
{
    const char *bytes = json_string_value(text);
    size_t n = 0;
    if (bytes == NULL || json_string_length(text) != length)
        return false;
    while (n < length && bytes[n] == letter)
        n++;
    return n == length;
}

/* What a nested call of it came to. */
static bool nested_may(const struct call *call, const json_t *result)
{
    int code = (int)get(result, "code"), kind = (int)get(result, "kind");
    if (code == 0 || is_shortage(code))
        return true;
    if (code == PROCSPAWN_ELIMIT)
        return call->pool != NULL;
    if (code == PROCSPAWN_ESERVER ||
        (code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_SERVER_LOST))
        return weather_lost_since(call->started);
    if (code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_REMOTE_CLOSE)
        return board->weather.strikes || was_ended(call);
    return code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_SETUP && weather_is_short();
}

static bool result_fits(const struct call *call, const json_t *result)
{
    if (get(result, "number") != (json_int_t)call->number || get(result, "work") != (int)call->work)
        return false;
    switch (call->work) {
    case WORK_LONG:
        return is_text(json_object_get(result, "text"), call->amount,
                       (char)('a' + call->number % 26));
    case WORK_ECHO_BACK:
        return is_text(json_object_get(result, "text"), call->amount,
                       (char)('A' + call->number % 26));
    case WORK_NEST:
    case WORK_NEST_POOL:
    case WORK_NEST_UNHEARD:
        return nested_may(call, result);
    case WORK_END_IN_ORDER:
        return was_ended(call) || board->weather.strikes || call->deadline > 0;
    default:
        return call->work < WORKS_WITH_RESULT;
    }
}

/* A random kill may hit the process that makes the report, or wake the child that waits for it. */
static bool may_miss_report(void)
{
    return board->weather.strikes || board->weather.stops;
}

static bool signal_fits(const struct call *call, int signal)
{
    return is_struck(signal) || (signal == SIGSEGV && call->work == WORK_CRASH) ||
           (signal == SIGABRT && call->work == WORK_ABORT) ||
           (signal == SIGABRT && call->work == WORK_ASSERT && may_miss_report()) ||
           (signal == SIGSEGV && call->work == WORK_OVERFLOW && may_miss_report()) ||
           (signal == SIGKILL && call->work == WORK_KILL_SELF);
}

/* Where the library catches no crashes, the address sanitizer does, and exits. */
static bool sanitizer_exits(const struct call *call, int status)
{
#ifdef __SANITIZE_ADDRESS__
    return status == 1 && (call->work == WORK_CRASH || call->work == WORK_OVERFLOW);
#else
    (void)call, (void)status;
    return false;
#endif
}

static bool close_fits(const struct call *call, const procspawn_error *error)
{
    switch (procspawn_error_cause(error)) {
    case PROCSPAWN_CAUSE_KILLED:
        return was_ended(call);
    case PROCSPAWN_CAUSE_SIGNAL:
    case PROCSPAWN_CAUSE_OUT_OF_MEMORY:
        return signal_fits(call, procspawn_error_signal(error));
    case PROCSPAWN_CAUSE_EXIT:
        return sanitizer_exits(call, procspawn_error_exit_status(error)) ||
               ((call->work == WORK_EXIT || call->work == WORK_QUIT) &&
                procspawn_error_exit_status(error) == (int)(call->number % 256));
    case PROCSPAWN_CAUSE_STACK_OVERFLOW:
        return call->work == WORK_OVERFLOW;
    case PROCSPAWN_CAUSE_ASSERT:
        return call->work == WORK_ASSERT;
    default:
        return false;
    }
}

static bool panic_fits(const struct call *call, const procspawn_error *error)
{
    char number[32];
    if (call->work == WORK_NOTHING)
        return true;
    snprintf(number, sizeof number, "%llu", (unsigned long long)call->number);
    return (call->work == WORK_PANIC && strcmp(procspawn_error_message(error), number) == 0) ||
           (weather_is_short() && strcmp(procspawn_error_message(error), "no memory") == 0);
}

static bool error_fits(const struct call *call, const procspawn_error *error)
{
    switch (procspawn_error_kind(error)) {
    case PROCSPAWN_ERROR_JSON:
        return call->work == WORK_NO_TEXT ||
               (call->work == WORK_DEEP && procspawn_error_errno(error) == PROCSPAWN_ELIMIT);
    case PROCSPAWN_ERROR_IO:
        return is_shortage(-procspawn_error_errno(error)) ||
               is_shortage(procspawn_error_errno(error));
    case PROCSPAWN_ERROR_PANIC:
        return panic_fits(call, error);
    case PROCSPAWN_ERROR_REMOTE_CLOSE:
        return close_fits(call, error);
    case PROCSPAWN_ERROR_CANCELLED:
        return call->pool != NULL && was_ended(call);
    case PROCSPAWN_ERROR_TIMED_OUT:
        if (procspawn_error_limit(error) == PROCSPAWN_LIMIT_SCOPE)
            return (events_of(call) & EVENT_SCOPE) != 0;
        return call->deadline > 0 && base__now() >= call->started + call->deadline;
    case PROCSPAWN_ERROR_SETUP:
        return weather_is_short() || (call->pool != NULL && call->pool->broken);
    case PROCSPAWN_ERROR_SERVER_LOST:
        return weather_lost_since(call->started);
    case PROCSPAWN_ERROR_CONSUMED:
        return call->starved;
    default:
        return false;
    }
}

static const enum ending ending_of[] = {
    [PROCSPAWN_ERROR_JSON] = ENDED_JSON,
    [PROCSPAWN_ERROR_IO] = ENDED_IO,
    [PROCSPAWN_ERROR_PANIC] = ENDED_PANIC,
    [PROCSPAWN_ERROR_REMOTE_CLOSE] = ENDED_CLOSED,
    [PROCSPAWN_ERROR_CANCELLED] = ENDED_CANCELLED,
    [PROCSPAWN_ERROR_TIMED_OUT] = ENDED_TIMED_OUT,
    [PROCSPAWN_ERROR_SETUP] = ENDED_SETUP,
    [PROCSPAWN_ERROR_SERVER_LOST] = ENDED_LOST,
    [PROCSPAWN_ERROR_CONSUMED] = ENDED_UNHEARD,
};

static void end_with(struct call *call, enum ending ending)
{
    call->ended = true;
    atomic_fetch_add(&board->endings[ending], 1);
}

static void judge_error(struct call *call, procspawn_error *error)
{
    EXPECT(error_fits(call, error),
           "work %d, %s, deadline %d ms, events %u fails: %s, cause %s, signal %d, status %d, "
           "errno %d: %s",
           (int)call->work, call->pool != NULL ? "in a pool" : "alone", (int)(call->deadline / MS),
           events_of(call), procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_cause_name(procspawn_error_cause(error)), procspawn_error_signal(error),
           procspawn_error_exit_status(error), procspawn_error_errno(error),
           procspawn_error_message(error));
    end_with(call, ending_of[procspawn_error_kind(error)]);
    procspawn_error_free(error);
}

static void judge_result(struct call *call, json_t *result)
{
    char *text = result_fits(call, result) ? NULL : json_dumps(result, JSON_ENCODE_ANY);
    EXPECT(text == NULL, "work %d, number %llu, events %u gives %.200s", (int)call->work,
           (unsigned long long)call->number, events_of(call), text);
    end_with(call, ENDED_RESULT);
    call->answered = true;
    json_decref(result);
}

/* The first join has had it all. */
static void check_consumed(struct call *call)
{
    procspawn_error *error = NULL;
    int rc = IN_LIBRARY(0, procspawn_join_timeout(call->handle, 0, NULL, &error));
    if (is_shortage(rc))
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
        judge_result(call, result);
    else if (rc == PROCSPAWN_ECALL)
        judge_error(call, error);
    else
        EXPECT(is_shortage(rc) || (rc == -ETIMEDOUT && patience >= 0), "a join returned %d", rc);
    call->starved |= rc == -ENOMEM;
    return rc;
}

bool call_join(struct call *call, int64_t patience)
{
    int rc = call->ended ? 0 : join_once(call, patience);
    while (patience < 0 && is_shortage(rc)) {
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
        if (is_shortage(rc))
            poll(NULL, 0, 1);
    } while (patience < 0 && is_shortage(rc));
    EXPECT(rc == 0 || is_shortage(rc) || (rc == -ETIMEDOUT && patience >= 0) ||
               (rc == PROCSPAWN_ESERVER && weather_lost_since(call->started)),
           "a wait returned %d", rc);
    if (rc == -ETIMEDOUT || is_shortage(rc))
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
    return call->ended || call->work < WORKS_THAT_END || call->deadline > 0 || was_ended(call);
}

void call_free(struct call *call)
{
    if (!call->ended)
        end_with(call, ENDED_UNHEARD);
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
    }
    call_free(call);
}
