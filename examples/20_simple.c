/*
 * 20_simple.c - a function called in a process of its own
 *
 * Shows init, a call with an argument, and its result. Prints what the process got, and the sum
 * that it returned.
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *add(json_t *pair)
{
    json_int_t a = json_integer_value(json_array_get(pair, 0));
    json_int_t b = json_integer_value(json_array_get(pair, 1));
    printf("in process: %lld %lld\n", (long long)a, (long long)b);
    return json_integer(a + b);
}

int main(int argc, char **argv)
{
    json_t *sum;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (procspawn_call_take(add, json_pack("[i, i]", 1, 2), &sum, NULL) < 0)
        return 1;
    printf("result: %lld\n", (long long)json_integer_value(sum));
    json_decref(sum);
    return procspawn_fini() == 0 ? 0 : 1;
}
