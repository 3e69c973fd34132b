/*
 * 62_map.c - a parallel map: one function for ten thousand items
 *
 * Shows F_map, which calls a typed function for each item of an array and fills the array of the
 * results: the short form of a pool, calls and results in order. In the second map one item
 * crashes: the error tells which, and the program goes on. Prints the sum of the results, and the
 * failure.
 */
#include <forkscope.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 10000 };

PROCSPAWN_DEFINE_STATIC(collatz, int, (int64, n))
{
    int steps = 0;

    for (; n > 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

PROCSPAWN_DEFINE_STATIC(crash_at_7777, void, (int64, n))
{
    if (n == 7777)
        abort();
}

int main(int argc, char **argv)
{
    static int64_t numbers[ITEMS];
    static int steps[ITEMS];
    procspawn_error *error;
    int sum = 0;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    for (int i = 0; i < ITEMS; i++)
        numbers[i] = i;
    if (collatz_map(NULL, numbers, ITEMS, steps, NULL) < 0)
        return 1;
    for (int i = 0; i < ITEMS; i++)
        sum += steps[i];
    printf("%d\n", sum);
    if (crash_at_7777_map(NULL, numbers, ITEMS, &error) < 0) {
        printf("item %" PRId64 ": %s\n", procspawn_error_index(error),
               procspawn_error_message(error));
        procspawn_error_free(error);
    }
    return procspawn_fini() == 0 ? 0 : 1;
}
