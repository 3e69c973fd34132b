/*
 * processes_judge.c - which refusals and which ends a call may have, and which result
 */
#include "tests/random/processes.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* ---- refusals ---- */

/* Refused for want of something; the thread goes on without. */
bool call_is_shortage(int rc)
{
    return weather_is_short() && (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
                                  rc == -EAGAIN || rc == PROCSPAWN_EJSON);
}

bool call_may_be_refused(const struct call *call, int rc, bool in_scope)
{
    if (call_is_shortage(rc))
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

/* ---- ends ---- */

unsigned call_events(const struct call *call)
{
    return call->events | (call->pool != NULL ? call->pool->killed : 0);
}

bool call_was_ended(const struct call *call)
{
    return call_events(call) & (EVENT_KILLED | EVENT_SCOPE | EVENT_POOL | EVENT_FINI);
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
    if (code == 0 || call_is_shortage(code))
        return true;
    if (code == PROCSPAWN_ELIMIT)
        return call->pool != NULL;
    if (code == PROCSPAWN_ESERVER || code == PROCSPAWN_EPOOL ||
        (code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_SERVER_LOST))
        return weather_lost_since(call->started);
    if (code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_REMOTE_CLOSE)
        return board->weather.strikes || call_was_ended(call);
    return code == PROCSPAWN_ECALL && kind == PROCSPAWN_ERROR_SETUP && weather_is_short();
}

/* Each byte is one more than that before it (processes_options.c). */
static bool input_fits(const struct call *call, const json_t *input)
{
    json_int_t sum = 0;
    for (size_t i = 0; i < call->input; i++)
        sum += (unsigned char)(call->number + i);
    return json_integer_value(json_array_get(input, 0)) == (json_int_t)call->input &&
           json_integer_value(json_array_get(input, 1)) == sum;
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
    case WORK_BYTES:
        return bytes_are(json_object_get(result, "value"), call->number + 1);
    case WORK_INPUT:
        return input_fits(call, json_object_get(result, "input"));
    case WORK_NEST:
    case WORK_NEST_POOL:
    case WORK_NEST_UNHEARD:
        return nested_may(call, result);
    case WORK_END_IN_ORDER:
        return call_was_ended(call) || board->weather.strikes || call->deadline > 0 ||
               call->run_limit > 0;
    default:
        return call->work < WORKS_WITH_RESULT;
    }
}

/* A random kill may hit the process that makes the report, or wake the child that waits for it. */
static bool may_miss_report(void)
{
    return board->weather.strikes || board->weather.stops;
}

bool call_may_be_cut(const struct call *call)
{
    return board->weather.strikes || weather_lost_since(call->started);
}

static bool signal_fits(const struct call *call, int signal)
{
    return is_struck(signal) || (signal == SIGSEGV && call->work == WORK_CRASH) ||
           (signal == SIGABRT && call->work == WORK_ABORT) ||
           (signal == SIGABRT && call->work == WORK_ASSERT && may_miss_report()) ||
           (signal == SIGSEGV && call->work == WORK_OVERFLOW && may_miss_report()) ||
           (signal == SIGPIPE && call->capture > 0 && call_may_be_cut(call)) ||
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

bool call_sanitizer_prints(const struct call *call)
{
#ifdef __SANITIZE_ADDRESS__
    return call->work == WORK_CRASH || call->work == WORK_OVERFLOW || call->work == WORK_ABORT;
#else
    (void)call;
    return false;
#endif
}

static bool close_fits(const struct call *call, const procspawn_error *error)
{
    switch (procspawn_error_cause(error)) {
    case PROCSPAWN_CAUSE_KILLED:
        return call_was_ended(call);
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

static bool failure_fits(const struct call *call, const procspawn_error *error)
{
    char number[32];
    const char *message = procspawn_error_message(error), *type = procspawn_error_type(error);
    size_t length = (size_t)snprintf(number, sizeof number, "%llu ",
                                     (unsigned long long)call->number);
    return call->work == WORK_FAIL && strncmp(message, number, length) == 0 &&
           strspn(message + length, "f") == call->amount &&
           strlen(message) == length + call->amount && type != NULL &&
           strcmp(type, "random") == 0 && procspawn_error_line(error) == 7 &&
           bytes_are(procspawn_error_detail(error), call->number);
}

/* The kind was judged to be TIMED_OUT. */
static bool limit_fits(const struct call *call, enum procspawn_limit limit)
{
    int64_t now = base__now();
    switch (limit) {
    case PROCSPAWN_LIMIT_SCOPE:
        return (call_events(call) & EVENT_SCOPE) != 0;
    case PROCSPAWN_LIMIT_RUN:
        return call->run_limit > 0 && now >= call->started + call->run_limit;
    case PROCSPAWN_LIMIT_QUEUE:
        return (call->pool != NULL || call->in_set) && call->deadline > 0 &&
               now >= call->started + call->deadline;
    default:
        return call->deadline > 0 && now >= call->started + call->deadline;
    }
}

static bool error_fits(const struct call *call, const procspawn_error *error)
{
    switch (procspawn_error_kind(error)) {
    case PROCSPAWN_ERROR_JSON:
        return call->work == WORK_NO_TEXT ||
               (call->work == WORK_DEEP && procspawn_error_errno(error) == PROCSPAWN_ELIMIT);
    case PROCSPAWN_ERROR_IO:
        return call_is_shortage(-procspawn_error_errno(error)) ||
               call_is_shortage(procspawn_error_errno(error));
    case PROCSPAWN_ERROR_PANIC:
        return panic_fits(call, error);
    case PROCSPAWN_ERROR_REMOTE_CLOSE:
        return close_fits(call, error);
    case PROCSPAWN_ERROR_CANCELLED:
        return (call->pool != NULL || call->in_set) && call_was_ended(call);
    case PROCSPAWN_ERROR_TIMED_OUT:
        return limit_fits(call, procspawn_error_limit(error));
    case PROCSPAWN_ERROR_FAILED:
        return failure_fits(call, error);
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
    [PROCSPAWN_ERROR_FAILED] = ENDED_FAILED,
};

void call_end_with(struct call *call, enum ending ending)
{
    call->ended = true;
    atomic_fetch_add(&board->endings[ending], 1);
}

void call_judge_error(struct call *call, procspawn_error *error)
{
    EXPECT(error_fits(call, error),
           "work %d, %s, deadline %d ms, events %u fails: %s, cause %s, signal %d, status %d, "
           "errno %d: %s",
           (int)call->work, call->pool != NULL ? "in a pool" : "alone", (int)(call->deadline / MS),
           call_events(call), procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_cause_name(procspawn_error_cause(error)), procspawn_error_signal(error),
           procspawn_error_exit_status(error), procspawn_error_errno(error),
           procspawn_error_message(error));
    call_end_with(call, ending_of[procspawn_error_kind(error)]);
    procspawn_error_free(error);
}

void call_judge_result(struct call *call, json_t *result)
{
    char *text = result_fits(call, result) ? NULL : json_dumps(result, JSON_ENCODE_ANY);
    EXPECT(text == NULL, "work %d, number %llu, events %u gives %.200s", (int)call->work,
           (unsigned long long)call->number, call_events(call), text);
    call_end_with(call, ENDED_RESULT);
    call->answered = true;
    json_decref(result);
}


/* ---- all that is known about a call ---- */

/* A total limit that passes before there is a process is a limit like any other. */
static bool refusal_has_kind(const procspawn_error *error, int status)
{
    if (status == -ETIMEDOUT)
        return procspawn_error_is_timeout(error) &&
               procspawn_error_limit(error) == PROCSPAWN_LIMIT_QUEUE;
    return procspawn_error_kind(error) == PROCSPAWN_ERROR_SETUP;
}

static void judge_refusal(struct call *call, procspawn_error *error, int status, bool in_scope)
{
    EXPECT(refusal_has_kind(error, status) &&
               call_may_be_refused(call, status, in_scope),
           "work %d, events %u is not made: %s: %s: %s", (int)call->work, call_events(call),
           forkscope_strerror(status), procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_message(error));
    call_end_with(call, ENDED_SETUP);
    procspawn_error_free(error);
}

static void check_times(const struct call *call, const struct procspawn_result *result)
{
    int64_t all = base__now() - call->started;
    EXPECT(result->queue_time >= 0 && result->run_time >= 0 && result->queue_time <= all &&
               result->run_time <= all,
           "%lld ns before and %lld ns in the function, of %lld", (long long)result->queue_time,
           (long long)result->run_time, (long long)all);
    EXPECT(call->pool == NULL || (result->cpu_time == -1 && result->peak_memory == -1),
           "a worker's time is told");
}

void call_judge(struct call *call, struct procspawn_result *result, bool in_scope)
{
    procspawn_error *error = result->error;
    EXPECT(!call->ended, "work %d has ended twice", (int)call->work);
    EXPECT((result->value == NULL) != (error == NULL), "a value and an error, or neither");
    EXPECT(result->status == (error == NULL ? 0 : procspawn_error_code(error)),
           "the status is %d", result->status);
    result->error = NULL;
    if (error == NULL)
        call_judge_result(call, json_incref(result->value));
    else if (result->status == PROCSPAWN_ECALL)
        call_judge_error(call, error);
    else
        judge_refusal(call, error, result->status, in_scope);
    check_times(call, result);
    if (result->handle != NULL)
        output_check(call, &result->out, &result->err);
    call->gone = call->pool == NULL && result->handle != NULL;
    if (call->gone && !board->root_killed)
        family_check_gone(call->family, "the result of its call");
    procspawn_result_fini(result);
}
