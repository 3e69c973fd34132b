/*
 * 62_map.c - a parallel map: one function for ten thousand items
 *
 * Shows procspawn_map, the short form of a pool, a call for each item and their results in order.
 * In the second map one item crashes: the error tells which, and the program goes on. Prints the
 * sum of the results, and the failure.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 10000 };

static json_t *collatz(json_t *item)
{
    json_int_t n = json_integer_value(item), steps = 0;

    for (; n > 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return json_integer(steps);
}

static json_t *crash_at_7777(json_t *item)
{
    if (json_integer_value(item) == 7777)
        abort();
    return collatz(item);
}

/* Prints the sum of what the function returns, or what went wrong. */
static void add_up(procspawn_function *function, json_t *items)
{
    procspawn_error *error;
    json_t *results, *result;
    json_int_t sum = 0;
    size_t i;

    if (procspawn_map(NULL, function, items, &results, &error) < 0) {
        printf("item %lld: %s\n", (long long)procspawn_error_index(error),
               procspawn_error_message(error));
        procspawn_error_free(error);
        return;
    }
    json_array_foreach(results, i, result)
        sum += json_integer_value(result);
    printf("%lld\n", (long long)sum);
    json_decref(results);
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    json_t *items = json_array();
    for (int i = 0; i < ITEMS; i++)
        json_array_append_new(items, json_integer(i));
    add_up(collatz, items);
    add_up(crash_at_7777, items);
    json_decref(items);
    return procspawn_fini() == 0 ? 0 : 1;
}
