/*
 * demangle_test.c - names of C++ functions, and names that are none
 */
#include "src/crash/demangle.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <string.h>

static char name[DEMANGLE_NAME];

static void a_name_of_cxx_is_translated(void)
{
    CU_ASSERT_FATAL(crash__demangle("_ZN2ns4deep6throwsEv", name));
    CU_ASSERT_STRING_EQUAL(name, "ns::deep::throws()");
    CU_ASSERT_FATAL(crash__demangle("_Z3addIiET_S0_S0_", name));
    CU_ASSERT_STRING_EQUAL(name, "int add<int>(int, int)");
}

static void any_other_name_is_left(void)
{
    static const char *const others[] = {"",   "_",   "main",   "_start", "_Z",
                                         "_Zx", "_ZN2ns", "i", "_ZN999"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_FALSE(crash__demangle(others[i], name));
}

static void a_name_that_is_too_long_is_left(void)
{
    enum { LETTERS = 2000 };
    char symbol[LETTERS + 16];
    int head = sprintf(symbol, "_Z%d", LETTERS);

    memset(symbol + head, 'x', LETTERS);
    strcpy(symbol + head + LETTERS, "v");
    CU_ASSERT_FALSE(crash__demangle(symbol, name));
    head = sprintf(symbol, "_Z%d", LETTERS / 4);
    memset(symbol + head, 'x', LETTERS / 4);
    strcpy(symbol + head + LETTERS / 4, "v");
    CU_ASSERT_FATAL(crash__demangle(symbol, name));
    CU_ASSERT_EQUAL(strlen(name), LETTERS / 4 + 2);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_name_of_cxx_is_translated),
    TEST(any_other_name_is_left),
    TEST(a_name_that_is_too_long_is_left),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "demangle", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
