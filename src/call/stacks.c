/*
 * stacks.c - a report on a process that runs
 */
#include "src/call/stacks.h"

#include "src/base/closer.h"
#include "src/call/outcome.h"
#include "src/client/examine.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include <errno.h>
#include <stdlib.h>

/* Takes the trace. */
static int make_report(struct backtrace *trace, procspawn_error **ret_report)
{
    procspawn_error *report = procspawn__error_of_running(trace);

    if (!report)
        return -ENOMEM;
    *ret_report = report;
    return 0;
}

static int read_answer(const struct procspawn__examination *answer, procspawn_error **ret_report)
{
    struct backtrace *trace = malloc(sizeof *trace);
    int rc = trace ? procspawn__read_report(answer->memfd, trace) : -ENOMEM;

    if (rc == -EBADMSG)
        rc = crash__backtrace_get_brief(&answer->brief, trace);
    if (rc == 0)
        rc = make_report(trace, ret_report);
    if (rc < 0)
        free(trace);
    return rc == -EBADMSG ? -EIO : rc;
}

int procspawn__stacks(const struct procspawn__remote_child *child, int64_t deadline,
                      procspawn_error **ret_report)
{
    struct procspawn__examination answer;
    int rc = procspawn__client_examine(child, deadline, &answer);

    if (rc == 0)
        rc = answer.error;
    if (rc == 0)
        rc = read_answer(&answer, ret_report);
    if (answer.memfd >= 0)
        base__close_foreign(answer.memfd);
    return rc;
}
