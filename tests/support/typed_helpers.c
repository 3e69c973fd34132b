/*
 * typed_helpers.c - typed functions defined in another file than their callers
 */
#include "tests/support/typed_helpers.h"

#include <stdlib.h>

int numbers_alive;

json_t *pack_point(const struct point *point)
{
    return json_pack("[f, f, b, b]", point->x, point->y, procspawn_in_ipc_mode(),
                     point->unpacked_for_a_call);
}

int unpack_point(const json_t *json, struct point *ret_point)
{
    int packed, unpacked;

    if (json_unpack((json_t *)(uintptr_t)json, "[f, f, b, b]", &ret_point->x, &ret_point->y,
                    &packed, &unpacked) < 0)
        return -1;
    ret_point->packed_for_a_call = packed;
    ret_point->unpacked_for_a_call = unpacked || procspawn_in_ipc_mode();
    return 0;
}

struct numbers numbers_up_to(int last)
{
    struct numbers numbers = { (size_t)last, calloc((size_t)last + 1, sizeof(int)) };

    for (int i = 0; i < last; i++)
        numbers.number[i] = i + 1;
    numbers_alive++;
    return numbers;
}

void release_numbers(struct numbers *numbers)
{
    free(numbers->number);
    numbers_alive--;
}

json_t *pack_numbers(const struct numbers *numbers)
{
    json_t *json = json_array();

    for (size_t i = 0; i < numbers->count; i++)
        json_array_append_new(json, json_integer(numbers->number[i]));
    return json;
}

int unpack_numbers(const json_t *json, struct numbers *ret_numbers)
{
    if (!json_is_array(json))
        return -1;
    *ret_numbers = numbers_up_to((int)json_array_size(json));
    for (size_t i = 0; i < ret_numbers->count; i++)
        ret_numbers->number[i] = (int)json_integer_value(json_array_get(json, i));
    return 0;
}

PROCSPAWN_DEFINE(mirror, point, (point, it), (bool, across))
{
    if (across)
        it.x = -it.x;
    else
        it.y = -it.y;
    return it;
}

PROCSPAWN_DEFINE(nothing_at_all, void)
{
}

void typed_check_failure(procspawn_handle *handle, int rc, procspawn_error *error,
                         enum procspawn_error_kind kind, const char *message)
{
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), kind);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), message);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

void typed_check_parameters(procspawn_function *entry, const char *argument, const char *which)
{
    json_t *forged = json_loads(argument, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    procspawn_handle *handle = calls_start(entry, forged);
    procspawn_error *error = NULL;
    char message[256];
    int rc = procspawn_join(handle, NULL, &error);

    snprintf(message, sizeof message, "%s: " TYPED_NOT_IT, which);
    typed_check_failure(handle, rc, error, PROCSPAWN_ERROR_JSON, message);
}
