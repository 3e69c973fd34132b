/*
 * arrays.c - bytes and arrays of numbers as parameters and results of typed functions
 *
 * They travel as bytes values. Both sides are the same program on the same machine, so the memory
 * of numbers means the same there.
 */
#include <errno.h>
#include <forkscope/bytes.h>
#include <forkscope/error.h>
#include <forkscope/typed.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int give(json_t *json, json_t **ret_json)
{
    if (!json)
        return -ENOMEM;
    *ret_json = json;
    return 0;
}

int procspawn__pack_array(const void *data, size_t count, size_t size, json_t **ret_json)
{
    size_t bytes;

    if (!data && count > 0)
        return PROCSPAWN_EVALUE;
    if (__builtin_mul_overflow(count, size, &bytes))
        return -ENOMEM;
    return give(procspawn_value_bytes(data, bytes), ret_json);
}

const void *procspawn__unpack_array(const json_t *json, size_t size, size_t *ret_count)
{
    size_t bytes = procspawn_bytes_length(json);

    if (bytes % size != 0)
        return NULL;
    *ret_count = bytes / size;
    return procspawn_bytes_value(json);
}

int procspawn__pack_result_array(const void *data, size_t count, size_t size, json_t **ret_json)
{
    size_t bytes;

    if (data && !__builtin_mul_overflow(count, size, &bytes))
        return give(procspawn_value_bytes_take((void *)(uintptr_t)data, bytes), ret_json);
    int rc = procspawn__pack_array(data, count, size, ret_json);
    procspawn__release_result_array(data);
    return rc;
}

int procspawn__unpack_result_array(const json_t *json, size_t size, const void **ret_data,
                                   size_t *ret_count)
{
    size_t count;
    const void *data = procspawn__unpack_array(json, size, &count);

    if (!data)
        return PROCSPAWN_EVALUE;
    /* Not malloc(0), which may be NULL. */
    void *copy = malloc(count * size + 1);
    if (!copy)
        return -ENOMEM;
    *ret_data = memcpy(copy, data, count * size);
    *ret_count = count;
    return 0;
}

void procspawn__release_result_array(const void *data)
{
    free((void *)(uintptr_t)data);
}
