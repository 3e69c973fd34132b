/*
 * vet - tells for many files whether a parser that nobody trusts can parse them
 *
 * It shows both halves of the library at work. Threads in a scope walk the arguments and keep a
 * number of calls in flight; every file is parsed by a call in a process of its own, in a sandbox,
 * with limits of time and memory. However the parser ends, vet goes on with the next file; however
 * vet ends, nothing is left behind.
 *
 *     vet -p naive examples/data
 *
 * prints a line for each file that is not simply ok, and the numbers at the end.
 */
#include "examples/vet/confine.h"
#include "examples/vet/interrupt.h"
#include "examples/vet/job.h"
#include "examples/vet/leftovers.h"
#include "examples/vet/limits.h"
#include "examples/vet/options.h"
#include "examples/vet/parser.h"
#include "examples/vet/report.h"

#include <errno.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum {
    STATUS_OK = 0,
    STATUS_NOT_ALL = 1,
    STATUS_CRASHED = 2,
    STATUS_FAILED = 3,
    STATUS_INTERRUPTED = 130
};

#define PROGRESS_MS 100

struct run {
    struct report report;
    struct job job;
    int interrupt_fd;
    bool interrupted;
};

/* Waits for the end of the job, or for a signal; true for the latter. */
static bool wait_for_end(struct run *run)
{
    struct pollfd fds[2] = { { run->job.done_fd, POLLIN, 0 }, { run->interrupt_fd, POLLIN, 0 } };
    int timeout = run->report.progress ? PROGRESS_MS : -1;
    for (;;) {
        int ready = poll(fds, 2, timeout);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            report_progress(&run->report);
        else
            return ready < 0 || fds[0].revents == 0;
    }
}

/* Runs the job and returns its failure; an interrupted one has not failed. */
static int run_job(struct run *run)
{
    scoped_spawner root;
    struct scoped_parent_signals signals;
    int code = scoped_spawner_open(NULL, &root);
    if (code < 0)
        return code;
    code = scoped_spawn_with_signal(root, job_run, &run->job, job_done, &signals);
    if (code == 0) {
        run->interrupted = wait_for_end(run);
        scoped_cancel_sender_free(signals.cancel_sender);
        scoped_done_receiver_wait(signals.done_receiver);
        scoped_done_receiver_status(signals.done_receiver, &code);
        scoped_done_receiver_free(signals.done_receiver);
    }
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    return run->interrupted ? 0 : code;
}

static int status_of(const struct run *run)
{
    const int64_t *outcomes = run->report.tally.outcomes;
    if (run->interrupted)
        return STATUS_INTERRUPTED;
    if (outcomes[OUTCOME_CRASHED] || outcomes[OUTCOME_VIOLATION] ||
        outcomes[OUTCOME_TIMED_OUT] || outcomes[OUTCOME_UNDECIDED])
        return STATUS_CRASHED;
    return outcomes[OUTCOME_REJECTED] || outcomes[OUTCOME_UNREADABLE] ? STATUS_NOT_ALL : STATUS_OK;
}

static int failed(const char *what, int code)
{
    fprintf(stderr, "vet: %s: %s\n", what, forkscope_strerror(code));
    return STATUS_FAILED;
}

/* What comes after the work: the processes end, the rest is counted, the report is closed. */
static int finish(struct run *run, int code)
{
    procspawn_fini();
    int left = leftovers_count();
    int reported = report_end(&run->report, run->interrupted, left);
    if (code < 0)
        return failed("could not finish", code);
    if (reported < 0)
        return failed("standard output", reported);
    if (left != 0) {
        fprintf(stderr, "vet: processes were left behind\n");
        return STATUS_FAILED;
    }
    return status_of(run);
}

static int run_with_report(struct run *run, const struct options *options)
{
    int code = interrupt_open(&run->interrupt_fd);
    if (code < 0)
        return failed("signals", code);
    code = job_init(&run->job, options, &run->report);
    if (code < 0) {
        close(run->interrupt_fd);
        return failed("start", code);
    }
    code = finish(run, run_job(run));
    job_fini(&run->job);
    close(run->interrupt_fd);
    return code;
}

static int run_with_server(struct run *run, const struct options *options)
{
    if (!confine_works(options)) {
        procspawn_fini();
        return STATUS_FAILED;
    }
    int code = report_init(&run->report, options);
    if (code < 0)
        return failed("start", code);
    int status = run_with_report(run, options);
    report_fini(&run->report);
    return status;
}

/* What the parser has prepared is in the image of its processes, so that comes first. */
static int start(int argc, char **argv, const struct options *options)
{
    const struct parser *parser = parser_find(options->parser);
    if (parser->prepare)
        parser->prepare();
    int code = leftovers_watch();
    return code < 0 ? code : procspawn_init(argc, argv);
}

int main(int argc, char **argv)
{
    struct options options;
    struct run run = { .interrupted = false };
    options_parse(argc, argv, &options);
    options.jobs = limits_fit(options.jobs);
    int code = start(argc, argv, &options);
    int status = code < 0 ? failed("cannot start processes", code) :
                            run_with_server(&run, &options);
    options_fini(&options);
    return status;
}
