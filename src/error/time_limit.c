/*
 * time_limit.c - errors of calls whose time limit, or whose scope, has ended
 */
#include "src/error/time_limit.h"

#include "src/base/refusal.h"
#include "src/error/error.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
    procspawn_error *error = procspawn__error_blank(PROCSPAWN_ERROR_TIMED_OUT);
    struct length length;

    if (!error)
        return NULL;
    error->limit = PROCSPAWN_LIMIT_QUEUE;
    error->error = -shortage;
    print_length(limit, &length);
    if (shortage != 0)
        procspawn__error_say(error, "not started within %s (total limit): no worker could be "
                             "started: %s", length.text, forkscope_strerror(shortage));
    else
        procspawn__error_say(error, "not started within %s: it waited in the queue of the pool "
                             "(total limit)", length.text);
    return procspawn__error_whole(error);
}

void procspawn__error_by_limit(procspawn_error *error, bool run, int64_t limit)
{
    struct length length;

    error->kind = PROCSPAWN_ERROR_TIMED_OUT;
    error->cause = PROCSPAWN_CAUSE_TIME_LIMIT;
    error->limit = run ? PROCSPAWN_LIMIT_RUN : PROCSPAWN_LIMIT_TOTAL;
    print_length(limit, &length);
    if (run)
        procspawn__error_say(error, "ran longer than %s and was killed (run limit)", length.text);
    else
        procspawn__error_say(error, "not finished within %s and was killed (total limit)",
                             length.text);
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
    int rc = *scope != '\0' ? procspawn__error_say(error, "%s scope \"%s\"%s", what, scope,
                                          by_limit ? " has passed" : "")
                            : procspawn__error_say(error, "%s its scope%s", what,
                                          by_limit ? " has passed" : "");
    if (rc == 0)
        free(old);
    else
        error->message = old;
}
