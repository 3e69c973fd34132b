/*
 * outcome.c - prints the outcome of a scope for people
 *
 * It lies above the room of scopes, which knows neither the texts of codes nor errors of processes.
 */
#include "src/base/visible_text.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/policy.h>
#include <forkscope/tree.h>
#include <stdio.h>
#include <string.h>

static void print_reason(const struct scoped_failure *failure, FILE *stream)
{
    const char *code = forkscope_strerror(failure->status);

    if (failure->message[0] == '\0') {
        fprintf(stream, "%s\n", code);
        return;
    }
    base__print_visible(failure->message, stream);
    fprintf(stream, " (%s)\n", code);
}

static void print_failure(const struct scoped_failure *failure, FILE *stream)
{
    const procspawn_error *error = procspawn_failure_error(failure);

    base__print_visible(failure->path, stream);
    fputs(": ", stream);
    if (error)
        procspawn_error_print(error, stream);
    else
        print_reason(failure, stream);
}

static void print_signal(int signal, FILE *stream)
{
    const char *name = sigabbrev_np(signal);

    fprintf(stream, "; cancelled by signal %d", signal);
    if (name)
        fprintf(stream, " (SIG%s)", name);
}

static void print_counts(const struct scoped_outcome *outcome, FILE *stream)
{
    fprintf(stream, "%zu succeeded, %zu failed, %zu cancelled", outcome->succeeded,
            outcome->failed, outcome->cancelled);
    if (outcome->timed_out)
        fputs("; its time limit has passed", stream);
    if (outcome->signal != 0)
        print_signal(outcome->signal, stream);
    fputc('\n', stream);
}

int scoped_outcome_print(const struct scoped_outcome *outcome, FILE *stream)
{
    print_counts(outcome, stream);
    for (const struct scoped_failure *one = outcome->failures; one; one = one->next)
        print_failure(one, stream);
    if (outcome->omitted > 0)
        fprintf(stream, "%zu more failed\n", outcome->omitted);
    return ferror(stream) ? -EIO : 0;
}
