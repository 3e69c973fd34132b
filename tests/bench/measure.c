/*
 * measure.c - takes samples of both sides in turns, and reports their ratio
 */
#include "tests/bench/measure.h"

#include "tests/bench/chart.h"
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A side at work: its process, and the socket over which it is asked for samples. */
struct worker {
    pid_t pid;
    int socket;
};

struct result {
    double median;
    double p99;
};

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void pin(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void serve(const struct side *side, int socket)
{
    char request;
    char ready = !side->setup || side->setup();

    if (write(socket, &ready, 1) != 1 || !ready)
        return;
    while (read(socket, &request, 1) == 1) {
        double sample = side->sample();
        if (write(socket, &sample, sizeof sample) != sizeof sample)
            return;
    }
}

static bool start(struct worker *worker, const struct side *side)
{
    int ends[2];
    char ready = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        serve(side, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    worker->socket = ends[0];
    return worker->pid > 0 && read(ends[0], &ready, 1) == 1 && ready;
}

static void stop(struct worker *worker)
{
    shutdown(worker->socket, SHUT_RDWR);
    close(worker->socket);
    waitpid(worker->pid, NULL, 0);
}

static double ask(const struct worker *worker)
{
    double sample = -1;

    if (write(worker->socket, "", 1) != 1 ||
        read(worker->socket, &sample, sizeof sample) != sizeof sample)
        return -1;
    return sample;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct result summarise(double *samples, unsigned count)
{
    qsort(samples, count, sizeof *samples, compare);
    return (struct result){ samples[count / 2], samples[(size_t)count * 99 / 100] };
}

static double ratio(const struct pair *pair, const struct result *subject,
                    const struct result *baseline)
{
    return pair->rate ? baseline->median / subject->median : subject->median / baseline->median;
}

static void print(const struct pair *pair, bool pinned, const struct result *subject,
                  const struct result *baseline, unsigned n)
{
    bool memory = pair->unit != NULL;
    double value = ratio(pair, subject, baseline);
    json_t *line = json_pack("{s:s, s:b, s:f, s:s, s:s, s:f, s:f, s:f, s:i}", "name", pair->name,
                             "pinned", pinned, "value", value, "unit", "ratio", "baseline",
                             pair->baseline.name, memory ? pair->unit : "us", subject->median,
                             memory ? "baseline_kib" : "baseline_us", baseline->median,
                             memory ? "p99_kib" : "p99_us", subject->p99, "n", (int)n);
    json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(5));
    json_decref(line);
    puts("");
    fflush(stdout);
    fprintf(stderr, "%-28s %-8s %8.3f   %10.2f / %10.2f   p99 %10.2f   n %u   (%s)\n", pair->name,
            pinned ? "pinned" : "unpinned", value, subject->median, baseline->median, subject->p99,
            n, pair->baseline.name);
    bench_chart_add(pair->name, pinned, value, subject->median, baseline->median,
                    memory ? pair->unit : "us");
}

/*
 * Chance says which side starts a turn. What a side leaves to be done later falls into the sample
 * that comes next; in a fixed order it would always be the same one.
 */
static unsigned first_side(void)
{
    static unsigned state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state >> 16 & 1;
}

static bool take_row(const struct pair *pair, const struct worker *worker, double *samples,
                     unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (pair->pause > 0)
            usleep(pair->pause);
        samples[i] = ask(worker);
        if (samples[i] < 0)
            return false;
    }
    return true;
}

static bool take_samples(const struct pair *pair, struct worker workers[2], double *samples[2],
                         unsigned n)
{
    unsigned row = pair->row > 0 ? pair->row : 1;
    bool ok = true;

    for (unsigned i = 0; i < n && ok; i += row) {
        unsigned first = first_side(), count = row < n - i ? row : n - i;
        for (unsigned turn = 0; turn < 2 && ok; turn++) {
            unsigned side = first ^ turn;
            ok = take_row(pair, &workers[side], samples[side] + i, count);
        }
    }
    return ok;
}

/* How the process ends that measures a pair. */
enum end { DONE, FAILED, NOT_HERE, UNSTEADY };

static enum end finish(const struct pair *pair, bool pinned, double *samples[2], unsigned n,
                       bool last)
{
    struct result subject = summarise(samples[0], n), baseline = summarise(samples[1], n);
    double value = ratio(pair, &subject, &baseline);

    if (pair->steady && !last && (value < 0.95 || value > 1.05))
        return UNSTEADY;
    print(pair, pinned, &subject, &baseline, n);
    return DONE;
}

static enum end run(const struct pair *pair, bool pinned, unsigned n, bool last)
{
    struct worker workers[2] = { { -1, -1 }, { -1, -1 } };
    double *samples[2] = { calloc(n, sizeof(double)), calloc(n, sizeof(double)) };
    bool started = start(&workers[0], &pair->subject) && start(&workers[1], &pair->baseline);
    bool ok = started && take_samples(pair, workers, samples, n);
    enum end end = !started && pair->optional ? NOT_HERE : FAILED;

    for (int i = 0; i < 2; i++) {
        if (workers[i].pid > 0)
            stop(&workers[i]);
    }
    if (ok)
        end = finish(pair, pinned, samples, n, last);
    free(samples[0]);
    free(samples[1]);
    return end;
}

/* In a process of its own, so that the pinning ends with it. */
static enum end run_apart(const struct pair *pair, bool pinned, unsigned n, bool last)
{
    int status = 1;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (pinned)
            pin();
        _exit(run(pair, pinned, n, last));
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? (enum end)WEXITSTATUS(status) : FAILED;
}

static bool measure(const struct pair *pair, bool pinned, unsigned n)
{
    enum { TRIES = 10 };
    enum end end = UNSTEADY;

    for (int i = 1; i <= TRIES && end == UNSTEADY; i++)
        end = run_apart(pair, pinned, n, i == TRIES);
    if (end != DONE)
        fprintf(stderr, "%-28s %s\n", pair->name, end == NOT_HERE ? "not here" : "failed");
    return end == DONE || end == NOT_HERE;
}

bool bench_measure(const struct pair *pair)
{
    unsigned n = getenv("QUICK") ? pair->quick_samples : pair->samples;
    bool ok = true;

    if (n == 0)
        return true;
    if (!pair->unpinned_only)
        ok &= measure(pair, true, n);
    if (!pair->pinned_only)
        ok &= measure(pair, false, n);
    return ok;
}
