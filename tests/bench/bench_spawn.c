/*
 * bench_spawn.c - a call in a process of its own, against a plain fork() in a small program
 */
#include "tests/bench/measure.h"

#include <forkscope/procspawn.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 50, THREADS = 4 };

static json_t *echo(json_t *argument)
{
    return json_incref(argument);
}

static bool init(void)
{
    static char name[] = "bench";
    static char *arguments[] = { name, NULL };
    return procspawn_init(1, arguments) == 0;
}

/* ---- one call ---- */

static bool call(bool until_reaped)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(echo, NULL, &handle) < 0)
        return false;
    int rc = procspawn_join(handle, &result, NULL);
    if (rc == 0 && until_reaped)
        rc = procspawn_wait(handle, -1, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc == 0;
}

static bool fork_once(void)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

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

static double one_call(void)
{
    double start = bench_now();
    return call(false) ? bench_now() - start : -1;
}

static double one_reaped_call(void)
{
    double start = bench_now();
    return call(true) ? bench_now() - start : -1;
}

static double one_fork(void)
{
    double start = bench_now();
    return fork_once() ? bench_now() - start : -1;
}

static double one_posix_spawn(void)
{
    double start = bench_now();
    return posix_spawn_once() ? bench_now() - start : -1;
}

/* ---- back to back ---- */

static double calls(void)
{
    double start = bench_now();

    for (int i = 0; i < BATCH; i++) {
        if (!call(false))
            return -1;
    }
    return (bench_now() - start) / BATCH;
}

static double forks(void)
{
    double start = bench_now();

    for (int i = 0; i < BATCH; i++) {
        if (!fork_once())
            return -1;
    }
    return (bench_now() - start) / BATCH;
}

/* ---- from several threads ---- */

static double in_threads(double (*work)(void))
{
    pthread_t threads[THREADS];
    double start = bench_now();

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, (void *(*)(void *))(void (*)(void))work, NULL) != 0)
            return -1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return (bench_now() - start) / (THREADS * BATCH);
}

static double parallel_calls(void)
{
    return in_threads(calls);
}

static double parallel_forks(void)
{
    return in_threads(forks);
}

/* ---- beside 2 GiB of heap ---- */

static bool init_and_grow(void)
{
    const size_t size = (size_t)2 << 30;
    char *heap = init() ? malloc(size) : NULL;

    if (!heap)
        return false;
    memset(heap, 1, size);
    return true;
}

#define FORK { "fork+_exit+waitpid", NULL, one_fork }

const struct pair bench_fork_pairs[] = {
    { .name = "fork.vs_fork", .subject = FORK, .baseline = FORK,
      .samples = 2000, .quick_samples = 500, .pause = 200, .pinned_only = true },
    { .name = NULL }
};

const struct pair bench_spawn_pairs[] = {
    { .name = "spawn.paced.vs_fork", .subject = { "procspawn+join", init, one_call },
      .baseline = FORK, .samples = 2000, .quick_samples = 400, .pause = 1000 },
    { .name = "spawn.reaped.vs_fork", .subject = { "procspawn+join+wait", init, one_reaped_call },
      .baseline = FORK, .samples = 2000, .quick_samples = 400, .pause = 1000 },
    { .name = "spawn.sustained.vs_fork", .subject = { "procspawn+join", init, calls },
      .baseline = { "fork+_exit+waitpid", NULL, forks }, .samples = 60, .quick_samples = 20,
      .pause = 1000 },
    { .name = "spawn.parallel.vs_fork", .subject = { "procspawn+join, 4 threads", init,
      parallel_calls }, .baseline = { "fork+_exit+waitpid, 4 threads", NULL, parallel_forks },
      .samples = 30, .quick_samples = 8, .pause = 1000, .rate = true, .unpinned_only = true },
    { .name = "spawn.heap2g.vs_heap0", .subject = { "with 2 GiB", init_and_grow, one_call },
      .baseline = { "procspawn+join, small host", init, one_call },
      .samples = 1000, .quick_samples = 200, .pause = 1000 },
    { .name = "spawn.vs_posix_spawn", .subject = { "procspawn+join", init, one_call },
      .baseline = { "posix_spawn of /bin/true", NULL, one_posix_spawn },
      .samples = 1000, .quick_samples = 150, .pause = 1000 },
    { .name = NULL }
};
