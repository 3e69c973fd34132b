/*
 * 01_tasks.c - two tasks in threads of their own, in a scope that nothing outlives
 *
 * Shows scoped_spawn_leaf, and scoped_run, which returns when the threads are gone. Prints the two
 * halves of a sum, each added up by its own task, and the sum.
 */
#include <forkscope.h>
#include <stdio.h>

static long halves[2][3] = { { 0, 500 }, { 500, 1000 } };

static int add_up(void *range)
{
    long *r = range;
    for (long i = r[0]; i < r[1]; i++)
        r[2] += i;
    return 0;
}

static int body(scoped_spawner scope, void *arg)
{
    (void)arg;
    int rc = scoped_spawn_leaf(scope, add_up, halves[0], NULL);
    return rc < 0 ? rc : scoped_spawn_leaf(scope, add_up, halves[1], NULL);
}

int main(void)
{
    if (scoped_run(NULL, body, NULL, NULL) < 0)
        return 1;
    printf("%ld + %ld = %ld\n", halves[0][2], halves[1][2], halves[0][2] + halves[1][2]);
    return 0;
}
