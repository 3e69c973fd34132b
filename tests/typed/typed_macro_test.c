/*
 * typed_macro_test.c - typed functions as the seed has them
 *
 * The tests are those that procspawn 1.0.1 has in tests/test_macros.rs, by their names: what its
 * macro expresses with `=>` and `mut` is what parameters are in C.
 */
#include "tests/support/typed_helpers.h"
#include "tests/support/value_helpers.h"

PROCSPAWN_DEFINE_STATIC(no_args, bool)
{
    return false;
}

PROCSPAWN_DEFINE_STATIC(single_arg, uint32, (uint32, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(changed_arg, uint32, (uint32, new_name))
{
    new_name += 1;
    return new_name;
}

PROCSPAWN_DEFINE_STATIC(two_args, uint32, (uint32, value1), (uint32, value2))
{
    return value1 + value2;
}

PROCSPAWN_DEFINE_STATIC(two_changed, uint32, (uint32, value1), (uint32, value2))
{
    value1 += 1;
    return value1 + value2;
}

PROCSPAWN_DEFINE_STATIC(three_args, uint32, (uint32, value1), (uint32, value2), (uint32, value3))
{
    return value1 + value2 + value3;
}

PROCSPAWN_DEFINE_STATIC(three_args_rv, json, (uint32, value1), (uint32, value2), (uint32, value3))
{
    return value3 == 0 ? NULL : json_integer((json_int_t)value1 + value2 + value3);
}

static procspawn_handle *handle;

static void test_macro_no_args(void)
{
    bool value = true;

    PROCSPAWN_CUNIT_EQUAL(no_args_spawn(&handle), 0);
    TYPED_JOIN(no_args, handle, &value);
    CU_ASSERT_FALSE(value);
}

static void test_macro_single_arg(void)
{
    uint32_t value = 42, result = 0, *pointer = &value;

    PROCSPAWN_CUNIT_EQUAL(single_arg_spawn(value, &handle), 0);
    TYPED_JOIN(single_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42);
    PROCSPAWN_CUNIT_EQUAL(single_arg_spawn(*pointer, &handle), 0);
    TYPED_JOIN(single_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42);
    PROCSPAWN_CUNIT_EQUAL(changed_arg_spawn(value, &handle), 0);
    TYPED_JOIN(changed_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 43);
    PROCSPAWN_CUNIT_EQUAL(value, 42);
}

static void test_macro_two_args(void)
{
    uint32_t value1 = 42, value2 = 23, result = 0, *pointer = &value1;

    PROCSPAWN_CUNIT_EQUAL(two_args_spawn(value1, value2, &handle), 0);
    TYPED_JOIN(two_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23);
    PROCSPAWN_CUNIT_EQUAL(two_args_spawn(*pointer, value2, &handle), 0);
    TYPED_JOIN(two_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23);
    PROCSPAWN_CUNIT_EQUAL(two_changed_spawn(value1, value2, &handle), 0);
    TYPED_JOIN(two_changed, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 43 + 23);
}

static void test_macro_three_args(void)
{
    uint32_t result = 0;

    PROCSPAWN_CUNIT_EQUAL(three_args_spawn(42, 23, 99, &handle), 0);
    TYPED_JOIN(three_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23 + 99);
}

/* A result that may be none. */
static void test_macro_three_args_rv(void)
{
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(three_args_rv_spawn(42, 23, 99, &handle), 0);
    TYPED_JOIN(three_args_rv, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result), 42 + 23 + 99);
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(three_args_rv_spawn(42, 23, 0, &handle), 0);
    TYPED_JOIN(three_args_rv, handle, &result);
    CU_ASSERT_PTR_NULL(result);
}

#define TEST(name) { #name, name }

static CU_TestInfo procspawn_macros[] = {
    TEST(test_macro_no_args),
    TEST(test_macro_single_arg),
    TEST(test_macro_two_args),
    TEST(test_macro_three_args),
    TEST(test_macro_three_args_rv),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("procspawn_macros", procspawn_macros),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
