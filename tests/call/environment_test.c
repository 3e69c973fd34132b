/*
 * environment_test.c - an environment with the changes of a builder, as a request carries it
 */
#include "src/call/environment.h"
#include "src/wire/codec.h"

#include <forkscope/cunit.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS(...) ((char *[]){ __VA_ARGS__, NULL })

static size_t count(char *const *strings)
{
    size_t number = 0;

    while (strings[number])
        number++;
    return number;
}

static void check(char *const *variables, char *const *changes, char *const *expected)
{
    struct wire_writer writer = { .grows = true };

    procspawn__environment_put(&writer, variables, changes, count(changes));
    struct wire_reader reader = { .bytes = writer.bytes, .length = writer.length };
    CU_ASSERT_EQUAL(wire__get_u32(&reader), count(expected));
    for (char *const *string = expected; *string; string++)
        CU_ASSERT_STRING_EQUAL(wire__get_string(&reader), *string);
    CU_ASSERT_FALSE(reader.broken);
    CU_ASSERT_EQUAL(reader.at, reader.length);
    free(writer.bytes);
}

static char *none[] = { NULL };

static void without_changes_it_is_the_callers(void)
{
    check(none, none, none);
    check(STRINGS("A=1", "B=2"), none, STRINGS("A=1", "B=2"));
}

static void changes_set_and_remove(void)
{
    char **caller = STRINGS("A=1", "B=2", "C=3");

    check(caller, STRINGS("B=x"), STRINGS("A=1", "C=3", "B=x"));
    check(caller, STRINGS("B"), STRINGS("A=1", "C=3"));
    check(caller, STRINGS("D=4", "B"), STRINGS("A=1", "C=3", "D=4"));
    check(none, STRINGS("A", "B=1"), STRINGS("B=1"));
}

static void the_last_change_of_a_name_counts(void)
{
    char **caller = STRINGS("A=1");

    check(caller, STRINGS("A=2", "A=3"), STRINGS("A=3"));
    check(caller, STRINGS("A=2", "A"), none);
    check(caller, STRINGS("A", "A=2"), STRINGS("A=2"));
    check(caller, STRINGS("B=1", "C=1", "B=2"), STRINGS("A=1", "C=1", "B=2"));
}

static void a_name_is_no_beginning_of_another_one(void)
{
    char **caller = STRINGS("PATH=1", "PATHS=2", "PA=3");

    check(caller, STRINGS("PATH"), STRINGS("PATHS=2", "PA=3"));
    check(caller, STRINGS("PA=0"), STRINGS("PATH=1", "PATHS=2", "PA=0"));
    check(caller, STRINGS("PATHSX=1"), STRINGS("PATH=1", "PATHS=2", "PA=3", "PATHSX=1"));
}

static void odd_strings_of_the_caller_stay(void)
{
    check(STRINGS("", "=odd", "no value", "TWICE=a", "TWICE=b", "EMPTY="), none,
          STRINGS("", "=odd", "no value", "TWICE=a", "TWICE=b", "EMPTY="));
    check(STRINGS("TWICE=a", "no value", "TWICE=b"), STRINGS("TWICE=c", "no value"),
          STRINGS("TWICE=c"));
    check(STRINGS("A=b=c"), STRINGS("B=c=d"), STRINGS("A=b=c", "B=c=d"));
}

static void the_recorded_environment_is_recognised(void)
{
    CU_ASSERT_EQUAL_FATAL(procspawn__environment_record(STRINGS("A=1", "B=2")), 0);
    CU_ASSERT(procspawn__environment_same(STRINGS("A=1", "B=2")));
    CU_ASSERT_FALSE(procspawn__environment_same(STRINGS("A=1")));
    CU_ASSERT_FALSE(procspawn__environment_same(STRINGS("A=1", "B=2", "C=3")));
    CU_ASSERT_FALSE(procspawn__environment_same(STRINGS("B=2", "A=1")));
    CU_ASSERT_FALSE(procspawn__environment_same(STRINGS("A=1", "B=3")));
    CU_ASSERT_FALSE(procspawn__environment_same(none));
    CU_ASSERT_EQUAL_FATAL(procspawn__environment_record(none), 0);
    CU_ASSERT(procspawn__environment_same(none));
    CU_ASSERT_FALSE(procspawn__environment_same(STRINGS("")));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_changes_it_is_the_callers),
    TEST(changes_set_and_remove),
    TEST(the_last_change_of_a_name_counts),
    TEST(a_name_is_no_beginning_of_another_one),
    TEST(odd_strings_of_the_caller_stay),
    TEST(the_recorded_environment_is_recognised),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "environment", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
