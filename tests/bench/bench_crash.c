/*
 * bench_crash.c - a death with its report, compared with one of which nobody tells why
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/config.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OTHERS = 9 };

static pthread_barrier_t all_wait;

static volatile int *volatile nowhere;

static void crash(void)
{
    *nowhere = 1;
}

static json_t *die(json_t *argument)
{
    crash();
    return argument;
}

static void *wait_for_the_end(void *nothing)
{
    pthread_barrier_wait(&all_wait);
    for (;;)
        pause();
    return nothing;
}

static json_t *die_among_ten(json_t *argument)
{
    pthread_t thread;

    pthread_barrier_init(&all_wait, NULL, OTHERS + 1);
    for (int i = 0; i < OTHERS; i++)
        if (pthread_create(&thread, NULL, wait_for_the_end, NULL) != 0)
            _exit(1);
    pthread_barrier_wait(&all_wait);
    crash();
    return argument;
}

/* No core is written: that takes longer than all the rest. */
static bool init(bool with_reports, bool with_lines)
{
    static char name[] = "bench";
    static char *arguments[] = { name, NULL };
    const struct rlimit no_core = { 0, 0 };
    procspawn_config *config = procspawn_config_new();

    setrlimit(RLIMIT_CORE, &no_core);
    procspawn_config_panic_handling(config, with_reports);
    procspawn_config_resolve_lines(config, with_lines);
    bool ok = config && procspawn_init_with(config, 1, arguments) == 0;
    procspawn_config_free(config);
    return ok;
}

static bool begin_reported(void)
{
    return init(true, true);
}

static bool begin_without_lines(void)
{
    return init(true, false);
}

static bool begin_silent(void)
{
    return init(false, false);
}

/* From the call to its error, with all threads in it, or none. */
static double one_death(procspawn_function *function, size_t threads)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    double start = bench_now(), time;

    if (procspawn(function, NULL, &handle) < 0)
        return -1;
    procspawn_join(handle, NULL, &error);
    time = bench_now() - start;
    bool ok = error && procspawn_error_signal(error) == SIGSEGV &&
              procspawn_error_thread_count(error) == threads;
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return ok ? time : -1;
}

static double reported(void)
{
    return one_death(die, 1);
}

static double silent(void)
{
    return one_death(die, 0);
}

static double reported_among_ten(void)
{
    return one_death(die_among_ten, OTHERS + 1);
}

static double silent_among_ten(void)
{
    return one_death(die_among_ten, 0);
}

const struct pair bench_crash_pairs[] = {
    { .name = "crash.report.vs_silent", .subject = { "crash with report", begin_reported,
      reported }, .baseline = { "silent death", begin_silent, silent }, .samples = 300,
      .quick_samples = 60, .pause = 2000, .row = 5 },
    { .name = "crash.report10.vs_silent", .subject = { "crash with report", begin_reported,
      reported_among_ten }, .baseline = { "silent death", begin_silent, silent_among_ten },
      .samples = 200, .quick_samples = 40, .pause = 2000, .row = 5 },
    { .name = "crash.lines.vs_report", .subject = { "report with files and lines", begin_reported,
      reported }, .baseline = { "report without", begin_without_lines, reported }, .samples = 300,
      .quick_samples = 60, .pause = 2000, .row = 5 },
    { .name = NULL }
};
