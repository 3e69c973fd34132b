#include "examples/vet/report.h"

#include "examples/vet/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int report_init(struct report *report, const struct options *options)
{
    *report = (struct report) { .options = options, .progress = isatty(STDERR_FILENO) };
    if (options->json && !(report->files = json_array()))
        return -ENOMEM;
    if (!options->json)
        setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_mutex_init(&report->lock, NULL);
    tally_init(&report->tally);
    return 0;
}

void report_fini(struct report *report)
{
    tally_fini(&report->tally);
    pthread_mutex_destroy(&report->lock);
    json_decref(report->files);
}

static void wipe_progress(struct report *report)
{
    if (report->shown)
        fputs("\r\033[K", stderr);
    report->shown = false;
}

static void show(struct report *report, const char *path, const struct verdict *verdict)
{
    if (report->options->json) {
        json_array_append_new(report->files, verdict_json(verdict, path));
    } else if (!report->options->quiet) {
        wipe_progress(report);
        verdict_print(verdict, path, stdout);
    }
}

void report_add(struct report *report, const char *path, const struct verdict *verdict)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&report->lock);
    tally_add(&report->tally, verdict);
    if (verdict->outcome != OUTCOME_OK)
        show(report, path, verdict);
    pthread_mutex_unlock(&report->lock);
    pthread_setcancelstate(state, NULL);
}

void report_progress(struct report *report)
{
    if (!report->progress)
        return;
    pthread_mutex_lock(&report->lock);
    const struct tally *tally = &report->tally;
    fflush(stdout);
    wipe_progress(report);
    fprintf(stderr, "%" PRId64 " files, %" PRId64 " ok, %" PRId64 " crashed, %" PRId64
            " timed out, %.0f/s", tally->files, tally->outcomes[OUTCOME_OK],
            tally->outcomes[OUTCOME_CRASHED], tally->outcomes[OUTCOME_TIMED_OUT],
            tally_rate(tally));
    fflush(stderr);
    report->shown = true;
    pthread_mutex_unlock(&report->lock);
}

static void print_summary(const struct tally *tally, bool interrupted, int processes_left)
{
    if (interrupted)
        printf("%-16s %s\n", "interrupted", "before the end; the numbers so far:");
    printf("%-16s %" PRId64 "\n", "files", tally->files);
    printf("%-16s %" PRId64 "\n", "bytes", tally->bytes);
    for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOMES; outcome++)
        printf("%-16s %" PRId64 "\n", outcome_name(outcome), tally->outcomes[outcome]);
    printf("%-16s %.0f\n", "files/second", tally_rate(tally));
    printf("%-16s %.3f ms\n", "p50 of a call", (double)tally_percentile(tally, 50) / 1e6);
    printf("%-16s %.3f ms\n", "p99 of a call", (double)tally_percentile(tally, 99) / 1e6);
    printf("%-16s %d\n", "processes left", processes_left);
}

static json_t *summary_json(const struct tally *tally, bool interrupted, int processes_left)
{
    json_t *summary = json_pack("{s:b, s:I, s:I}", "interrupted", interrupted,
                                "files", (json_int_t)tally->files,
                                "bytes", (json_int_t)tally->bytes);
    for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOMES; outcome++)
        json_object_set_new(summary, outcome_name(outcome), json_integer(tally->outcomes[outcome]));
    json_object_set_new(summary, "files_per_second", json_real(tally_rate(tally)));
    json_object_set_new(summary, "p50_ns", json_integer(tally_percentile(tally, 50)));
    json_object_set_new(summary, "p99_ns", json_integer(tally_percentile(tally, 99)));
    json_object_set_new(summary, "processes_left", json_integer(processes_left));
    return summary;
}

static int print_json(const struct report *report, json_t *summary)
{
    json_t *document = json_pack("{s:s, s:s, s:i, s:I, s:O, s:o}",
                                 "parser", report->options->parser,
                                 "sandbox", options_sandbox_name(report->options),
                                 "jobs", report->options->jobs,
                                 "limit_ns", (json_int_t)report->options->limit,
                                 "files", report->files, "summary", summary);
    int code = document ? json_dumpf(document, stdout, JSON_INDENT(2)) : -1;
    json_decref(document);
    putchar('\n');
    return code < 0 ? -EIO : 0;
}

int report_end(struct report *report, bool interrupted, int processes_left)
{
    int code = 0;
    tally_end(&report->tally);
    wipe_progress(report);
    if (report->options->json)
        code = print_json(report, summary_json(&report->tally, interrupted, processes_left));
    else
        print_summary(&report->tally, interrupted, processes_left);
    if (fflush(stdout) == EOF || ferror(stdout))
        code = -EIO;
    return code;
}
