/*
 * bench_spawn.c - a call in a process of its own, compared with a plain fork() in a small program
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"
#include "tests/support/process_list.h"

#include <forkscope/procspawn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 100, THREADS = 4 };

/* ---- one call ---- */

static bool posix_spawn_once(void)
{
    extern char **environ;
    char program[] = "/bin/true";
    char *arguments[] = { program, NULL };
    int status = 1;
    pid_t pid;

    return posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

static double one_reaped_call(void)
{
    double start = bench_now();
    return bench_call(true) ? bench_now() - start : -1;
}

static double one_posix_spawn(void)
{
    double start = bench_now();
    return posix_spawn_once() ? bench_now() - start : -1;
}

/* ---- back to back ---- */

static bool one_more_call(void)
{
    return bench_call(false);
}

static double calls_in_a_row(void)
{
    return bench_in_a_row(one_more_call);
}

/* ---- from several threads ---- */

static void *many_calls(void *ok)
{
    if (!bench_repeat(one_more_call, BATCH))
        *(bool *)ok = false;
    return NULL;
}

static void *many_forks(void *ok)
{
    if (!bench_repeat(bench_fork, BATCH))
        *(bool *)ok = false;
    return NULL;
}

static double in_threads(void *(*work)(void *))
{
    pthread_t threads[THREADS];
    bool ok[THREADS];
    bool all = true;
    double start = bench_now();

    for (int i = 0; i < THREADS; i++) {
        ok[i] = true;
        if (pthread_create(&threads[i], NULL, work, &ok[i]) != 0)
            return -1;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all &= ok[i];
    }
    return all ? (bench_now() - start) / (THREADS * BATCH) : -1;
}

static double parallel_calls(void)
{
    return in_threads(many_calls);
}

static double parallel_forks(void)
{
    return in_threads(many_forks);
}

/* ---- beside 2 GiB of heap ---- */

static char *volatile heap;     /* a write that no code could read would be optimised away */

static bool grow(void)
{
    const size_t size = (size_t)2 << 30;

    heap = malloc(size);
    if (!heap)
        return false;
    memset(heap, 1, size);
    return true;
}

static bool init_and_grow(void)
{
    return bench_init() && grow();
}

/* ---- the memory of a spare ---- */

static pid_t first_child(pid_t parent)
{
    return children_one(parent, 0);
}

static double private_dirty(pid_t pid)
{
    char path[64], line[256];
    double kib = -1;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && kib < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Private_Dirty:", 14) == 0)
            kib = strtod(line + 14, NULL);
    }
    if (file)
        fclose(file);
    return kib;
}

/* The spares get the time to become idle. */
static bool init_and_rest(void)
{
    bool ok = bench_init();

    usleep(200000);
    return ok;
}

static double spare_memory(void)
{
    return private_dirty(first_child(first_child(first_child(getpid()))));
}

static pid_t idle_child;

static bool fork_idle_child(void)
{
    idle_child = fork();
    if (idle_child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    usleep(20000);
    return idle_child > 0;
}

static double idle_child_memory(void)
{
    return private_dirty(idle_child);
}

const struct pair bench_fork_pairs[] = {
    { .name = "fork.vs_fork", .subject = BENCH_FORK, .baseline = BENCH_FORK, .steady = true,
      .samples = 2000, .quick_samples = 500, .pause = 200, .pinned_only = true },
    { .name = NULL }
};

const struct pair bench_spawn_pairs[] = {
    { .name = "spawn.paced.vs_fork", .subject = { "procspawn+join", bench_init, bench_one_call },
      .baseline = BENCH_FORK, .samples = 2000, .quick_samples = 400, .pause = 1000,
      .row = 10 },
    { .name = "spawn.reaped.vs_fork",
      .subject = { "procspawn+join+wait", bench_init, one_reaped_call }, .baseline = BENCH_FORK,
      .samples = 2000, .quick_samples = 400, .pause = 1000,
      .row = 10 },
    { .name = "spawn.sustained.vs_fork",
      .subject = { "procspawn+join", bench_init, calls_in_a_row },
      .baseline = { "fork+_exit+waitpid", NULL, bench_forks_in_a_row }, .samples = 25,
      .quick_samples = 8 },
    { .name = "spawn.parallel.vs_fork", .subject = { "procspawn+join, 4 threads", bench_init,
      parallel_calls }, .baseline = { "fork+_exit+waitpid, 4 threads", NULL, parallel_forks },
      .samples = 30, .quick_samples = 6, .pause = 1000, .rate = true, .unpinned_only = true },
    { .name = "spawn.heap2g.vs_heap0", .subject = { "with 2 GiB", init_and_grow, bench_one_call },
      .baseline = { "procspawn+join, small host", bench_init, bench_one_call },
      .samples = 1000, .quick_samples = 200, .pause = 1000, .row = 10 },
    { .name = "spawn.vs_posix_spawn", .subject = { "procspawn+join", bench_init, bench_one_call },
      .baseline = { "posix_spawn of /bin/true", NULL, one_posix_spawn },
      .samples = 1000, .quick_samples = 150, .pause = 1000, .row = 10 },
    { .name = "fork.heap2g.vs_heap0", .subject = { "fork with 2 GiB", grow, bench_one_fork },
      .baseline = BENCH_FORK, .samples = 40, .quick_samples = 10, .pause = 1000 },
    { .name = "spare.private.vs_fork", .subject = { "idle spare", init_and_rest, spare_memory },
      .baseline = { "idle forked child", fork_idle_child, idle_child_memory },
      .samples = 5, .quick_samples = 3, .unit = "KiB", .unpinned_only = true },
    { .name = NULL }
};
