/*
 * host.c - a small program that calls functions in other processes
 */
#include "tests/bench/host.h"

#include "tests/bench/measure.h"

#include <sys/wait.h>
#include <unistd.h>

bool bench_init(void)
{
    static char name[] = "bench";
    static char *arguments[] = { name, NULL };

    return procspawn_init(1, arguments) == 0;
}

json_t *bench_echo(json_t *argument)
{
    return json_incref(argument);
}

bool bench_call(bool until_reaped)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(bench_echo, NULL, &handle) < 0)
        return false;
    int rc = procspawn_join(handle, &result, NULL);
    if (rc == 0 && until_reaped)
        rc = procspawn_wait_timeout(handle, -1, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc == 0;
}

double bench_one_call(void)
{
    double start = bench_now();
    return bench_call(false) ? bench_now() - start : -1;
}

bool bench_fork(void)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

double bench_one_fork(void)
{
    double start = bench_now();
    return bench_fork() ? bench_now() - start : -1;
}

bool bench_repeat(bool (*work)(void), int count)
{
    bool ok = true;

    for (int i = 0; i < count && ok; i++)
        ok = work();
    return ok;
}

/* The first calls use up what was ready: no share of the rest. */
double bench_in_a_row(bool (*work)(void))
{
    enum { BEFORE = 64, IN_A_ROW = 200 };

    if (!bench_repeat(work, BEFORE))
        return -1;
    double start = bench_now();
    return bench_repeat(work, IN_A_ROW) ? (bench_now() - start) / IN_A_ROW : -1;
}

double bench_forks_in_a_row(void)
{
    return bench_in_a_row(bench_fork);
}
