/*
 * set_helpers.c - what the tests of completion sets share
 */
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <poll.h>

procspawn_set *set_make(void)
{
    procspawn_set *set = NULL;

    CU_ASSERT_FATAL(procspawn_set_new(&set) == 0);
    return set;
}

void set_add(procspawn_set *set, procspawn_pool *pool, procspawn_function *function,
             json_t *argument, void *tag)
{
    struct procspawn_call_options options = { .pool = pool, .take_argument = true };

    CU_ASSERT_FATAL(argument != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, function, argument, tag), 0);
}

struct procspawn_result set_next(procspawn_set *set)
{
    struct procspawn_result result = { .status = -1 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 30 * CALLS_SECOND, &result), 0);
    return result;
}

void set_check_next(procspawn_set *set, const void *tag, json_int_t value)
{
    struct procspawn_result result = set_next(set);

    PROCSPAWN_CUNIT_EQUAL(result.status, 0);
    CU_ASSERT_PTR_EQUAL(result.tag, tag);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), value);
    procspawn_result_fini(&result);
}

void set_check_error(procspawn_set *set, const void *tag, enum procspawn_error_kind kind,
                     enum procspawn_cause cause)
{
    struct procspawn_result result = set_next(set);

    CU_ASSERT_PTR_EQUAL(result.tag, tag);
    CU_ASSERT_PTR_NULL(result.value);
    CU_ASSERT_FATAL(result.error != NULL);
    calls_check_error(result.error, kind, cause);
    result.error = NULL;
    procspawn_result_fini(&result);
}

bool set_is_readable(procspawn_set *set, int patience)
{
    struct pollfd polled = { .fd = procspawn_set_fd(set), .events = POLLIN };

    return poll(&polled, 1, patience) == 1;
}

void set_check_empty(procspawn_set *set)
{
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next(set, &result), -ENODATA);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_count(set), 0);
    CU_ASSERT_FALSE(set_is_readable(set, 0));
    procspawn_set_free(set);
}
