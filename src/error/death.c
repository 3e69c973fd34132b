/*
 * death.c - what the error of a call says of the death of its process
 */
#include "src/error/death.h"

#include "src/base/system_call.h"
#include "src/error/error.h"
#include "src/error/time_limit.h"
#include "src/error/usage.h"
#include "src/image/image.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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

/* Where the program was when a function of its sanitizer was called, of this frame. */
static void set_place_of_caller(procspawn_error *error, const struct backtrace *trace, uint32_t at)
{
    const struct backtrace_frame *frame = &trace->frame[at];
    const struct backtrace_frame *end = &trace->frame[trace->frame_count];

    while (frame < end && frame->owner != BACKTRACE_PROGRAM)
        frame++;
    if (frame == end || frame->file == 0)
        return;
    error->file = strdup(crash__backtrace_string(trace, frame->file));
    error->line = (int)frame->line;
    error->function = strdup(crash__backtrace_string(trace, frame->name ? frame->name
                                                                        : frame->symbol));
}

/*
 * "divrem overflow", of a frame of __ubsan_handle_divrem_overflow_abort, and the place of its
 * caller. False: there is none.
 */
static bool find_undefined(procspawn_error *error, const struct backtrace *trace,
                           char ret_what[64])
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
        set_place_of_caller(error, trace, i + 1);
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
        procspawn__error_say(error, "%s", text);
    else if (find_undefined(error, trace, what))
        procspawn__error_say(error, "UndefinedBehaviorSanitizer: %s", what);
    else
        procspawn__error_say(error, "a sanitizer has ended the process");
}

static void describe_exception(procspawn_error *error, const struct backtrace *trace)
{
    error->cause = PROCSPAWN_CAUSE_EXCEPTION;
    if (trace->type != 0)
        error->type = strdup(crash__backtrace_string(trace, trace->type));
    if (trace->type == 0 || error->type)
        procspawn__error_say(error, "%s", trace_message(trace));
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
        procspawn__error_say(error, "sandbox violation: the system call is not known (SIGSYS)");
        return;
    }
    base__system_call_print((long)trace->call_number, trace->call_argument,
                            procspawn__error_path_of(trace), text);
    procspawn__error_say(error, "sandbox violation: %s", text);
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
            procspawn__error_say(error, "%.*s", (int)strcspn(text, "\n"), text);
    } else if (trace && trace->stack_overflow) {
        error->cause = PROCSPAWN_CAUSE_STACK_OVERFLOW;
        procspawn__error_say(error, "stack overflow (SIG%s)", sigabbrev_np(error->signal));
    } else {
        const char *name = sigabbrev_np(error->signal);
        procspawn__error_say(error, "killed by signal %d (SIG%s)%s", error->signal,
                             name ? name : "RT", remark(error->signal));
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
        procspawn__error_say(error, "the function closed the descriptors of the library "
                             "(closefrom?) and its result is lost");
    else
        procspawn__error_say(error, "called exit(%d) before it returned a result",
                             error->exit_status);
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
        procspawn__error_say(error, "%s", killer(death->cause));
        break;
    case WIRE_ENDED_BY_TOTAL_LIMIT:
    case WIRE_ENDED_BY_RUN_LIMIT:
        procspawn__error_by_limit(error, death->cause == WIRE_ENDED_BY_RUN_LIMIT, death->limit);
        break;
    case WIRE_ENDED_BY_LOSS:
        error->kind = PROCSPAWN_ERROR_SERVER_LOST;
        procspawn__error_say(error, "the fork server died, and the call with it");
        break;
    case WIRE_ENDED_BY_OOM:
        error->cause = PROCSPAWN_CAUSE_OUT_OF_MEMORY;
        procspawn__error_say(error, "killed, most likely for lack of memory");
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
    procspawn_error *error = procspawn__error_blank(PROCSPAWN_ERROR_REMOTE_CLOSE);

    if (!error)
        return NULL;
    if (WIFSIGNALED(death->status))
        error->signal = signal_of(death, trace);
    else
        error->exit_status = WEXITSTATUS(death->status);
    error->used = !death->lingers;
    procspawn__usage_of(death, &error->usage);
    describe_end(error, death, trace);
    error = procspawn__error_whole(error);
    if (error)
        error->trace = (struct backtrace *)(uintptr_t)trace;
    return error;
}
