/*
 * 22_join.c - several calls at once
 *
 * Shows that calls run side by side until they are joined. Prints three Fibonacci numbers, each
 * computed in a process of its own.
 */
#include <forkscope.h>
#include <stdio.h>

static json_int_t fibonacci(json_int_t n)
{
    return n <= 2 ? 1 : fibonacci(n - 1) + fibonacci(n - 2);
}

static json_t *compute(json_t *n)
{
    return json_integer(fibonacci(json_integer_value(n)));
}

int main(int argc, char **argv)
{
    static const int numbers[] = { 5, 10, 30 };
    procspawn_handle *handles[3];

    if (procspawn_init(argc, argv) < 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        json_t *n = json_integer(numbers[i]);
        int rc = procspawn(compute, n, &handles[i]);
        json_decref(n);
        if (rc < 0)
            return 1;
    }
    for (int i = 0; i < 3; i++) {
        json_t *result;
        if (procspawn_join(handles[i], &result, NULL) < 0)
            return 1;
        printf("fibonacci(%d) = %lld\n", numbers[i], (long long)json_integer_value(result));
        json_decref(result);
        procspawn_handle_free(handles[i]);
    }
    return procspawn_fini() == 0 ? 0 : 1;
}
