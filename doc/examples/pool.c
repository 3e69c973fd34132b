/*
 * A pool of two workers: calls are made, waited for, and counted. Prints
 * "2 workers, 0 calls wait, 0 run" and "sum 10".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *same(json_t *number)
{
    return json_incref(number);
}

int main(int argc, char **argv)
{
    procspawn_handle *handles[5];
    procspawn_pool *pool;
    json_int_t sum = 0;

    if (procspawn_init(argc, argv) < 0 || procspawn_pool_new(2, &pool) < 0)
        return 1;
    for (int i = 0; i < 5; i++) {
        json_t *number = json_integer(i);
        if (procspawn_pool_spawn(pool, same, number, &handles[i]) < 0)
            return 1;
        json_decref(number);
    }
    procspawn_pool_join(pool);              /* until none waits or runs */
    printf("%u workers, %u calls wait, %u run\n", procspawn_pool_size(pool),
           procspawn_pool_queued_count(pool),
           procspawn_pool_active_count(pool));
    for (int i = 0; i < 5; i++) {
        json_t *result;
        if (procspawn_join(handles[i], &result, NULL) == 0) {
            sum += json_integer_value(result);
            json_decref(result);
        }
        procspawn_handle_free(handles[i]);
    }
    printf("sum %d\n", (int)sum);
    procspawn_pool_shutdown(pool);
    procspawn_pool_free(pool);
    return procspawn_fini();
}
