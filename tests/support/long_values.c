/*
 * long_values.c - values that travel in the buffers of a worker, and pools that have these
 */
#include "tests/support/long_values.h"

#include <stdlib.h>
#include <string.h>

json_t *long_string(size_t length, char what)
{
    char *text = malloc(length);

    CU_ASSERT_FATAL(text != NULL);
    memset(text, what, length);
    json_t *string = json_stringn(text, length);
    free(text);
    return string;
}

void long_check_echo(procspawn_pool *pool, json_t *value)
{
    json_t *result = calls_result(pool_start(pool, calls_echo, json_incref(value)));

    CU_ASSERT(json_equal(result, value));
    json_decref(result);
    json_decref(value);
}

procspawn_pool *long_warm_pool(unsigned size)
{
    procspawn_pool *pool = pool_make(size);

    for (int i = 0; i < 2; i++)
        long_check_echo(pool, long_string(1 << 20, 'w'));
    return pool;
}
