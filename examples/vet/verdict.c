#include "examples/vet/verdict.h"

#include "examples/vet/frames.h"
#include "examples/vet/name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[OUTCOMES] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_REJECTED] = "rejected",
    [OUTCOME_CRASHED] = "crashed",
    [OUTCOME_VIOLATION] = "violation",
    [OUTCOME_TIMED_OUT] = "timed_out",
    [OUTCOME_UNREADABLE] = "unreadable",
    [OUTCOME_UNDECIDED] = "undecided",
};

const char *outcome_name(enum outcome outcome)
{
    return names[outcome];
}

struct verdict verdict_without_call(enum outcome outcome, const char *message)
{
    return (struct verdict) {
        .outcome = outcome,
        .duration = -1,
        .message = message ? name_printable(message) : NULL,
    };
}

/* A number that is no place in any file counts as no place. */
static int read_place(const json_t *answer, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(answer, key));
    return number > 0 && number <= INT32_MAX ? (int)number : 0;
}

static enum outcome read_outcome(const json_t *answer)
{
    const char *name = json_string_value(json_object_get(answer, "outcome"));
    static const enum outcome possible[] = { OUTCOME_OK, OUTCOME_REJECTED, OUTCOME_UNREADABLE };
    for (size_t i = 0; name && i < sizeof possible / sizeof possible[0]; i++)
        if (strcmp(name, names[possible[i]]) == 0)
            return possible[i];
    return OUTCOMES;
}

struct verdict verdict_of_answer(const json_t *answer)
{
    enum outcome outcome = read_outcome(answer);
    if (outcome == OUTCOMES)
        return verdict_without_call(OUTCOME_CRASHED, "it answered nonsense");
    const char *message = json_string_value(json_object_get(answer, "message"));
    struct verdict verdict = verdict_without_call(outcome, message);
    json_int_t bytes = json_integer_value(json_object_get(answer, "bytes"));
    verdict.bytes = bytes < 0 ? 0 : bytes;
    verdict.line = read_place(answer, "line");
    verdict.column = read_place(answer, "column");
    return verdict;
}

static enum outcome outcome_of_error(const procspawn_error *error)
{
    if (procspawn_error_is_violation(error))
        return OUTCOME_VIOLATION;
    switch (procspawn_error_kind(error)) {
    case PROCSPAWN_ERROR_TIMED_OUT:
        return OUTCOME_TIMED_OUT;
    case PROCSPAWN_ERROR_PANIC:
    case PROCSPAWN_ERROR_REMOTE_CLOSE:
    case PROCSPAWN_ERROR_JSON:
        return OUTCOME_CRASHED;
    default:
        return OUTCOME_UNDECIDED;
    }
}

/* The system call in words, without the words before it. */
static const char *system_call_of(const procspawn_error *error)
{
    const char *message = procspawn_error_message(error);
    const char *after = strstr(message, ": ");
    return after ? after + 2 : message;
}

/* What one wants to know first: the signal where there is one, and what it means. */
static char *message_of_error(const procspawn_error *error)
{
    char text[256];
    int number = procspawn_error_signal(error);
    const char *signal = number ? sigabbrev_np(number) : NULL;
    if (procspawn_error_is_violation(error))
        return name_printable(system_call_of(error));
    if (procspawn_error_cause(error) == PROCSPAWN_CAUSE_STACK_OVERFLOW)
        snprintf(text, sizeof text, "SIG%s, stack overflow", signal ? signal : "SEGV");
    else if (procspawn_error_cause(error) == PROCSPAWN_CAUSE_OUT_OF_MEMORY)
        snprintf(text, sizeof text, "SIGKILL, most likely out of memory");
    else if (signal)
        snprintf(text, sizeof text, "SIG%s", signal);
    else if (procspawn_error_cause(error) == PROCSPAWN_CAUSE_EXIT)
        snprintf(text, sizeof text, "exit status %d", procspawn_error_exit_status(error));
    else
        snprintf(text, sizeof text, "%s", procspawn_error_message(error));
    return name_printable(text);
}

struct verdict verdict_of_error(procspawn_error *error)
{
    struct verdict verdict = verdict_without_call(outcome_of_error(error), NULL);
    verdict.error = error;
    if (verdict.outcome != OUTCOME_TIMED_OUT)
        verdict.message = message_of_error(error);
    return verdict;
}

void verdict_fini(struct verdict *verdict)
{
    procspawn_error_free(verdict->error);
    free(verdict->message);
}

/* Why a crash came, and what a hang waited for. */
static void print_reason(const procspawn_error *error, FILE *stream)
{
    struct procspawn_thread thread;
    const char *reason = procspawn_error_reason(error);
    char *text;

    if (!*reason && procspawn_error_thread(error, 0, &thread) == 0)
        reason = thread.waits;
    if (!*reason || procspawn_error_is_violation(error))
        return;
    text = name_printable(reason);
    fprintf(stream, ": %s", text ? text : "?");
    free(text);
}

void verdict_print(const struct verdict *verdict, const char *name, FILE *stream)
{
    char *printable = name_printable(name);
    fputs(printable ? printable : "(out of memory)", stream);
    free(printable);
    if (verdict->line)
        fprintf(stream, ":%d:%d", verdict->line, verdict->column);
    if (verdict->outcome == OUTCOME_TIMED_OUT)
        fprintf(stream, ": timed out after %.3g s", (double)verdict->duration / 1e9);
    else
        fprintf(stream, ": %s", outcome_name(verdict->outcome));
    if (verdict->message)
        fprintf(stream, ": %s", verdict->message);
    if (verdict->error) {
        print_reason(verdict->error, stream);
        frames_print(verdict->error, stream);
    }
    putc('\n', stream);
}

static void set(json_t *object, const char *key, json_t *value, bool known)
{
    if (known)
        json_object_set_new(object, key, value);
    else
        json_decref(value);
}

json_t *verdict_json(const struct verdict *verdict, const char *name)
{
    char *printable = name_printable(name);
    json_t *object = json_pack("{s:s*, s:s, s:I}", "path", printable,
                               "outcome", outcome_name(verdict->outcome),
                               "bytes", (json_int_t)verdict->bytes);
    free(printable);
    if (!object)
        return NULL;
    set(object, "duration_ns", json_integer(verdict->duration), verdict->duration >= 0);
    set(object, "line", json_integer(verdict->line), verdict->line > 0);
    set(object, "column", json_integer(verdict->column), verdict->line > 0);
    set(object, "message", verdict->message ? json_string(verdict->message) : NULL,
        verdict->message != NULL);
    set(object, "error", verdict->error ? procspawn_error_json(verdict->error) : NULL,
        verdict->error != NULL);
    return object;
}
