/*
 * error.c - makes error values: from a message, from a child's FAILURE, from the server's report of
 * a death
 */
#include "src/error/error.h"
#include "src/error/usage.h"

#include "src/base/refusal.h"
#include "src/base/system_call.h"
#include "src/image/image.h"
#include "src/crash/backtrace.h"
#include "src/image/function.h"
#include "src/value/failure.h"
#include "src/wire/codec.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static procspawn_error *new_error(enum procspawn_error_kind kind)
{
    procspawn_error *error = calloc(1, sizeof *error);

    if (error) {
        error->kind = kind;
        error->code = PROCSPAWN_ECALL;
        error->exit_status = -1;
    }
    return error;
}

static int set_message(procspawn_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int set_message(procspawn_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vasprintf(&error->message, format, arguments);
    va_end(arguments);
    if (n < 0)
        error->message = NULL;
    return n < 0 ? -ENOMEM : 0;
}

static procspawn_error *whole_or_none(procspawn_error *error)
{
    if (error && !error->message) {
        procspawn_error_free(error);
        return NULL;
    }
    return error;
}

int procspawn__error_number(int rc)
{
    enum { ERRNO_MAX = 4095 };
    return rc < -ERRNO_MAX ? rc : -rc;
}

procspawn_error *procspawn__error_new(enum procspawn_error_kind kind, int error_number,
                                      const char *format, ...)
{
    procspawn_error *error = new_error(kind);
    va_list arguments;

    if (!error)
        return NULL;
    error->error = error_number;
    va_start(arguments, format);
    if (vasprintf(&error->message, format, arguments) < 0)
        error->message = NULL;
    va_end(arguments);
    return whole_or_none(error);
}

void procspawn_error_free(procspawn_error *error)
{
    if (!error || error->fixed)
        return;
    free(error->name);
    free(error->message);
    free(error->file);
    free(error->function);
    free(error->type);
    json_decref(error->detail);
    free(error->trace);
    free(error);
}

static char *copy(const char *string)
{
    return string ? strdup(string) : NULL;
}

static struct backtrace *copy_trace(const struct backtrace *trace)
{
    struct backtrace *same = trace ? malloc(sizeof *same) : NULL;

    if (same)
        *same = *trace;
    return same;
}

/* Fails only without memory for the message. Other fields become NULL without memory. */
procspawn_error *procspawn__error_copy(const procspawn_error *error)
{
    procspawn_error *same = error ? new_error(error->kind) : NULL;

    if (!same)
        return NULL;
    *same = *error;
    same->fixed = false;
    same->name = copy(error->name);
    same->message = copy(error->message);
    same->file = copy(error->file);
    same->function = copy(error->function);
    same->type = copy(error->type);
    json_incref(same->detail);
    same->trace = copy_trace(error->trace);
    return whole_or_none(same);
}

/* ---- of calls without an outcome ---- */

static char no_memory[] = "no memory could be had";
static char was_cancelled[] = "the calling task was cancelled, and the call with it";

static procspawn_error not_made_without_memory = {
    .kind = PROCSPAWN_ERROR_SETUP, .code = -ENOMEM, .error = ENOMEM, .exit_status = -1,
    .message = no_memory, .fixed = true,
};
static procspawn_error lost_without_memory = {
    .kind = PROCSPAWN_ERROR_IO, .code = PROCSPAWN_ECALL, .error = ENOMEM, .exit_status = -1,
    .message = no_memory, .fixed = true,
};
static procspawn_error cancelled = {
    .kind = PROCSPAWN_ERROR_CANCELLED, .code = -ECANCELED, .error = ECANCELED, .exit_status = -1,
    .message = was_cancelled, .fixed = true,
};

procspawn_error *procspawn__error_of_code(int rc)
{
    if (rc == -ECANCELED)
        return &cancelled;
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_SETUP,
                                                  procspawn__error_number(rc), "%s",
                                                  forkscope_strerror(rc));
    if (!error)
        return &not_made_without_memory;
    error->code = rc;
    return error;
}

procspawn_error *procspawn__error_of_start(int rc, procspawn_function *function)
{
    procspawn_error *error = procspawn__error_of_code(rc);
    char reason[PATH_MAX + 128];

    if (error->fixed)
        return error;
    if (rc == -ETIMEDOUT) {
        error->kind = PROCSPAWN_ERROR_TIMED_OUT;
        error->limit = PROCSPAWN_LIMIT_QUEUE;
    }
    if (rc == PROCSPAWN_EFUNCTION)
        procspawn__function_refusal(function, reason, sizeof reason);
    else if (!base__refusal_take(rc, reason, sizeof reason))
        return error;
    char *message = strdup(reason);
    if (message) {
        free(error->message);
        error->message = message;
    }
    return error;
}

procspawn_error *procspawn__error_of_loss(int rc)
{
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_IO, procspawn__error_number(rc),
                                                  "the result cannot be received: %s",
                                                  forkscope_strerror(rc));
    return error ? error : &lost_without_memory;
}

procspawn_error *procspawn__error_of_unreadable(int rc, const char *detail)
{
    if (rc == PROCSPAWN_EJSON || rc == PROCSPAWN_ELIMIT)
        return procspawn__error_new(PROCSPAWN_ERROR_JSON, rc == PROCSPAWN_ELIMIT ? rc : 0,
                                    "the result cannot be decoded: %s", detail);
    return procspawn__error_new(PROCSPAWN_ERROR_IO, procspawn__error_number(rc),
                                "the result cannot be read: %s", forkscope_strerror(rc));
}

void procspawn__error_set_index(procspawn_error *error, size_t index)
{
    if (error && !error->fixed)
        error->item = (uint64_t)index + 1;
}

/* ---- from what the child reported ---- */

static procspawn_error *garbage(void)
{
    return procspawn__error_new(PROCSPAWN_ERROR_IO, EPROTO,
                                "the process sent something that is no result");
}

procspawn_error *procspawn__error_from_failure(const unsigned char *body, size_t length)
{
    static const enum procspawn_error_kind kinds[] = {
        [WIRE_FAILURE_PANIC] = PROCSPAWN_ERROR_PANIC,
        [WIRE_FAILURE_JSON] = PROCSPAWN_ERROR_JSON,
        [WIRE_FAILURE_SETUP] = PROCSPAWN_ERROR_SETUP,
        [WIRE_FAILURE_IO] = PROCSPAWN_ERROR_IO,
    };
    struct wire_reader r = { .bytes = body, .length = length };
    struct wire_failure head;

    wire__get_bytes(&r, &head, sizeof head);
    const char *message = wire__get_string(&r);
    const char *file = wire__get_string(&r);
    const char *function = wire__get_string(&r);
    if (r.broken || head.kind < WIRE_FAILURE_PANIC || head.kind > WIRE_FAILURE_IO || !message)
        return garbage();
    procspawn_error *error = procspawn__error_new(kinds[head.kind], head.error, "%s", message);
    if (!error)
        return NULL;
    error->line = head.line;
    error->file = copy(file);
    error->function = copy(function);
    if ((!file || error->file) && (!function || error->function))
        return error;
    procspawn_error_free(error);
    return NULL;
}

procspawn_error *procspawn__error_from_value(const json_t *value)
{
    struct procspawn__failure failure;
    int rc = procspawn__failure_unpack(value, &failure);

    if (rc < 0)
        return rc == -EPROTO ? garbage() : NULL;
    procspawn_error *error = new_error(PROCSPAWN_ERROR_FAILED);
    if (!error) {
        procspawn__failure_fini(&failure);
        return NULL;
    }
    error->message = failure.message;
    error->file = failure.file;
    error->line = failure.line;
    error->function = failure.function;
    error->type = failure.type;
    error->detail = failure.detail;
    return error;
}

/* ---- time limits and scopes ---- */

/* A length of time for people, as "1.5 s"; in memory of the caller. */
struct length { char text[32]; };

static const char *print_length(int64_t length, struct length *ret_length)
{
    static const struct { int64_t size; const char *name; } units[] = {
        { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" },
    };
    size_t i = 0;

    while (i < 3 && length < units[i].size)
        i++;
    snprintf(ret_length->text, sizeof ret_length->text, "%g %s",
             (double)length / (double)units[i].size, units[i].name);
    return ret_length->text;
}

int procspawn__refuse_late(int64_t limit)
{
    struct length length;

    return base__refuse(-ETIMEDOUT, "not started within %s: there was no process for it (total "
                        "limit)", print_length(limit, &length));
}

procspawn_error *procspawn__error_of_queue(int64_t limit, int shortage)
{
    procspawn_error *error = new_error(PROCSPAWN_ERROR_TIMED_OUT);
    struct length length;

    if (!error)
        return NULL;
    error->limit = PROCSPAWN_LIMIT_QUEUE;
    error->error = -shortage;
    print_length(limit, &length);
    if (shortage != 0)
        set_message(error, "not started within %s (total limit): no worker could be started: %s",
                    length.text, forkscope_strerror(shortage));
    else
        set_message(error, "not started within %s: it waited in the queue of the pool (total "
                    "limit)", length.text);
    return whole_or_none(error);
}

void procspawn__error_by_scope(procspawn_error *error, const char *scope, bool by_limit)
{
    char *old = error ? error->message : NULL;

    if (!error || error->fixed)
        return;
    if (by_limit) {
        error->kind = PROCSPAWN_ERROR_TIMED_OUT;
        error->cause = PROCSPAWN_CAUSE_TIME_LIMIT;
        error->limit = PROCSPAWN_LIMIT_SCOPE;
    }
    const char *what = by_limit ? "the time limit of" : "killed by the end of";
    int rc = *scope != '\0' ? set_message(error, "%s scope \"%s\"%s", what, scope,
                                          by_limit ? " has passed" : "")
                            : set_message(error, "%s its scope%s", what,
                                          by_limit ? " has passed" : "");
    if (rc == 0)
        free(old);
    else
        error->message = old;
}

void procspawn__error_set_name(procspawn_error *error, const char *name)
{
    if (!name || error->fixed)
        return;
    free(error->name);
    error->name = strdup(name);
}

static void describe_limit(procspawn_error *error, const struct wire_death *death)
{
    bool run = death->cause == WIRE_ENDED_BY_RUN_LIMIT;
    struct length length;

    error->kind = PROCSPAWN_ERROR_TIMED_OUT;
    error->cause = PROCSPAWN_CAUSE_TIME_LIMIT;
    error->limit = run ? PROCSPAWN_LIMIT_RUN : PROCSPAWN_LIMIT_TOTAL;
    print_length(death->limit, &length);
    if (run)
        set_message(error, "ran longer than %s and was killed (run limit)", length.text);
    else
        set_message(error, "not finished within %s and was killed (total limit)", length.text);
}

/* ---- from its death ---- */

const char *procspawn__error_path_of(const struct backtrace *trace)
{
    return trace->call_path != 0 ? crash__backtrace_string(trace, trace->call_path) : NULL;
}

static const char *trace_message(const struct backtrace *trace)
{
    return trace ? crash__backtrace_string(trace, trace->message) : "";
}

/* What the messages of assert and assert_perror have behind the place; NULL: it is neither. */
static const char *end_of_place(const char *text)
{
    const char *end = strstr(text, ": Assertion `");

    return end ? end : strstr(text, ": Unexpected error: ");
}

/*
 * Reads "program: file:line: function: Assertion `text' failed.", the message of the C library's
 * assert, and that of assert_perror. False: out of memory.
 */
static bool read_assert(procspawn_error *error, const char *text)
{
    const char *end = end_of_place(text);
    char *line = NULL, *file = NULL, *function = NULL;

    if (!end)
        return true;
    char *place = strndup(text, (size_t)(end - text));
    if (!place)
        return false;
    error->cause = PROCSPAWN_CAUSE_ASSERT;
    function = strstr(place, ": ");
    if (function)
        file = function + 2, function = strstr(file, ": ");
    if (function)
        *function = '\0', function += 2, line = strrchr(file, ':');
    if (line) {
        *line++ = '\0';
        error->line = atoi(line);
        error->file = strdup(file);
        error->function = strdup(function);
    }
    free(place);
    return !line || (error->file && error->function);
}

/* "divrem overflow", of a frame of __ubsan_handle_divrem_overflow_abort; false: there is none. */
static bool find_undefined(const struct backtrace *trace, char ret_what[64])
{
    static const char prefix[] = "__ubsan_handle_";

    for (uint32_t i = 0; i < trace->frame_count; i++) {
        const char *symbol = crash__backtrace_string(trace, trace->frame[i].symbol);
        if (strncmp(symbol, prefix, sizeof prefix - 1) != 0)
            continue;
        snprintf(ret_what, 64, "%s", symbol + sizeof prefix - 1);
        char *end = strstr(ret_what, "_abort");
        if (end)
            *end = '\0';
        for (char *at = ret_what; *at != '\0'; at++)
            *at = *at == '_' ? ' ' : *at;
        return true;
    }
    return false;
}

static void describe_finding(procspawn_error *error, const struct backtrace *trace)
{
    const char *text = trace_message(trace);
    char what[64];

    error->cause = PROCSPAWN_CAUSE_SANITIZER;
    if (*text != '\0')
        set_message(error, "%s", text);
    else if (find_undefined(trace, what))
        set_message(error, "UndefinedBehaviorSanitizer: %s", what);
    else
        set_message(error, "a sanitizer has ended the process");
}

static void describe_exception(procspawn_error *error, const struct backtrace *trace)
{
    error->cause = PROCSPAWN_CAUSE_EXCEPTION;
    if (trace->type != 0)
        error->type = strdup(crash__backtrace_string(trace, trace->type));
    if (trace->type == 0 || error->type)
        set_message(error, "%s", trace_message(trace));
}

/* Has it said by itself why it ends? */
static bool describe_said(procspawn_error *error, const struct backtrace *trace)
{
    if (trace && trace->said == BACKTRACE_SAID_SANITIZER)
        describe_finding(error, trace);
    else if (trace && trace->said == BACKTRACE_SAID_EXCEPTION && error->signal != 0)
        describe_exception(error, trace);
    else
        return false;
    return true;
}

static bool is_ignored_here(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static const char *remark(int signal)
{
    if (signal == SIGKILL)
        return ", not by this program";
    return signal == SIGPIPE && is_ignored_here(SIGPIPE)
               ? ": a child does not ignore SIGPIPE, though the program does" : "";
}

/* A SIGSYS that no handler has seen is the kernel's: it was blocked, or the filter kills. */
static bool is_violation(const procspawn_error *error, const struct backtrace *trace)
{
    return trace ? trace->violation : error->signal == SIGSYS;
}

static void describe_violation(procspawn_error *error, const struct backtrace *trace)
{
    char text[BASE_SYSTEM_CALL_TEXT];

    error->cause = PROCSPAWN_CAUSE_SANDBOX;
    if (!trace) {
        set_message(error, "sandbox violation: the system call is not known (SIGSYS)");
        return;
    }
    base__system_call_print((long)trace->call_number, trace->call_argument,
                            procspawn__error_path_of(trace), text);
    set_message(error, "sandbox violation: %s", text);
}

/* The signals that have a handler in a child. */
static bool is_crash(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGABRT || signal == SIGSYS || signal == SIGTRAP || signal == SIGQUIT ||
           signal == SIGXCPU || signal == SIGXFSZ;
}

static void describe_signal(procspawn_error *error, const struct backtrace *trace)
{
    const char *text = trace_message(trace);

    error->unexamined = !trace && is_crash(error->signal) &&
                        procspawn__image.config.panic_handling;

    error->cause = PROCSPAWN_CAUSE_SIGNAL;
    if (is_violation(error, trace)) {
        describe_violation(error, trace);
        return;
    }
    if (*text != '\0') {
        if (read_assert(error, text))
            set_message(error, "%.*s", (int)strcspn(text, "\n"), text);
    } else if (trace && trace->stack_overflow) {
        error->cause = PROCSPAWN_CAUSE_STACK_OVERFLOW;
        set_message(error, "stack overflow (SIG%s)", sigabbrev_np(error->signal));
    } else {
        const char *name = sigabbrev_np(error->signal);
        set_message(error, "killed by signal %d (SIG%s)%s", error->signal, name ? name : "RT",
                    remark(error->signal));
    }
}

static void describe_own_end(procspawn_error *error, const struct backtrace *trace)
{
    if (describe_said(error, trace))
        return;
    if (error->signal != 0) {
        describe_signal(error, trace);
        return;
    }
    error->cause = PROCSPAWN_CAUSE_EXIT;
    if (error->exit_status == WIRE_UNHEARD)
        set_message(error, "the function closed the descriptors of the library (closefrom?) and "
                    "its result is lost");
    else
        set_message(error, "called exit(%d) before it returned a result", error->exit_status);
}

static const char *killer(enum wire_end_cause cause)
{
    switch (cause) {
    case WIRE_ENDED_BY_PROGRAM:
        return "killed by procspawn_kill";
    case WIRE_ENDED_BY_TERMINATE:
        return "ended by procspawn_terminate";
    case WIRE_ENDED_BY_SCOPE:
        return "killed by the end of its scope";
    case WIRE_ENDED_BY_POOL:
        return "killed by the end of its pool";
    default:
        return "killed";
    }
}

static void describe_end(procspawn_error *error, const struct wire_death *death,
                         const struct backtrace *trace)
{
    switch ((enum wire_end_cause)death->cause) {
    case WIRE_ENDED_BY_KILL:
    case WIRE_ENDED_BY_PROGRAM:
    case WIRE_ENDED_BY_TERMINATE:
    case WIRE_ENDED_BY_SCOPE:
    case WIRE_ENDED_BY_POOL:
        error->cause = PROCSPAWN_CAUSE_KILLED;
        set_message(error, "%s", killer(death->cause));
        break;
    case WIRE_ENDED_BY_TOTAL_LIMIT:
    case WIRE_ENDED_BY_RUN_LIMIT:
        describe_limit(error, death);
        break;
    case WIRE_ENDED_BY_LOSS:
        error->kind = PROCSPAWN_ERROR_SERVER_LOST;
        set_message(error, "the fork server died, and the call with it");
        break;
    case WIRE_ENDED_BY_OOM:
        error->cause = PROCSPAWN_CAUSE_OUT_OF_MEMORY;
        set_message(error, "killed, most likely for lack of memory");
        break;
    case WIRE_ENDED_BY_ITSELF:
        describe_own_end(error, trace);
        break;
    }
}

/*
 * Returns the signal that ended the child. A crashed child that does not die of its signal is
 * killed by the server; then the signal of the crash counts, not SIGKILL.
 */
static int signal_of(const struct wire_death *death, const struct backtrace *trace)
{
    int signal = WTERMSIG(death->status);
    bool had_crashed = trace && trace->cause == BACKTRACE_CRASH && trace->signo > 0 &&
                       trace->signo < NSIG;

    return signal == SIGKILL && death->cause == WIRE_ENDED_BY_ITSELF && had_crashed ? trace->signo
                                                                                     : signal;
}

procspawn_error *procspawn__error_from_death(const struct wire_death *death,
                                             const struct backtrace *trace)
{
    procspawn_error *error = new_error(PROCSPAWN_ERROR_REMOTE_CLOSE);

    if (!error)
        return NULL;
    if (WIFSIGNALED(death->status))
        error->signal = signal_of(death, trace);
    else
        error->exit_status = WEXITSTATUS(death->status);
    error->used = !death->lingers;
    procspawn__usage_of(death, &error->usage);
    describe_end(error, death, trace);
    error = whole_or_none(error);
    if (error)
        error->trace = (struct backtrace *)(uintptr_t)trace;
    return error;
}

procspawn_error *procspawn__error_of_running(struct backtrace *trace)
{
    procspawn_error *report = procspawn__error_new(PROCSPAWN_ERROR_RUNNING, 0, "the process runs");

    if (report) {
        report->code = 0;
        report->trace = trace;
    }
    return report;
}
