/*
 * 30_pool.c - workers that take one call after the other
 *
 * Shows a pool of two processes, more calls than workers, and a call that fails without harm to the
 * others. Prints each result in the order of the calls.
 */
#include <forkscope.h>
#include <stdio.h>

enum { CALLS = 6 };

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    if (n == 3)
        procspawn_panic("three is too odd");
    return json_integer(n * n);
}

static void print(int n, procspawn_handle *handle)
{
    json_t *result;
    procspawn_error *error;

    if (procspawn_join(handle, &result, &error) == 0) {
        printf("%d: %lld\n", n, (long long)json_integer_value(result));
        json_decref(result);
    } else {
        printf("%d: %s: %s\n", n, procspawn_error_kind_name(procspawn_error_kind(error)),
               procspawn_error_message(error));
        procspawn_error_free(error);
    }
    procspawn_handle_free(handle);
}

int main(int argc, char **argv)
{
    procspawn_handle *handles[CALLS];
    procspawn_pool *pool;

    if (procspawn_init(argc, argv) < 0 || procspawn_pool_new(2, &pool) < 0)
        return 1;
    for (int i = 0; i < CALLS; i++) {
        json_t *number = json_integer(i);
        int rc = procspawn_pool_spawn(pool, square, number, &handles[i]);
        json_decref(number);
        if (rc < 0)
            return 1;
    }
    for (int i = 0; i < CALLS; i++)
        print(i, handles[i]);
    procspawn_pool_free(pool);
    return procspawn_fini() == 0 ? 0 : 1;
}
