/*
 * demangle_test.c - names of C++ functions, and names that are none
 */
#include "src/debug/demangle.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <string.h>

static char name[DEMANGLE_NAME];

static void a_name_of_cxx_is_translated(void)
{
    CU_ASSERT_FATAL(debug__demangle("_ZN2ns4deep6throwsEv", name));
    CU_ASSERT_STRING_EQUAL(name, "ns::deep::throws()");
    CU_ASSERT_FATAL(debug__demangle("_Z3addIiET_S0_S0_", name));
    CU_ASSERT_STRING_EQUAL(name, "int add<int>(int, int)");
}

static void strings_have_the_name_that_the_source_has(void)
{
    CU_ASSERT_FATAL(debug__demangle(
        "_Z4joinNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKS4_", name));
    CU_ASSERT_STRING_EQUAL(name, "join(std::string, std::string const&)");
    CU_ASSERT_FATAL(debug__demangle("_Z1gSt17basic_string_viewIcSt11char_traitsIcEE", name));
    CU_ASSERT_STRING_EQUAL(name, "g(std::string_view)");
}

static void any_other_name_is_left(void)
{
    static const char *const others[] = {"",   "_",   "main",   "_start", "_Z",
                                         "_Zx", "_ZN2ns", "i", "_ZN999"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_FALSE(debug__demangle(others[i], name));
}

static void a_translation_that_is_too_long_is_cut(void)
{
    enum { ARGUMENTS = 200 };
    char symbol[2 * ARGUMENTS + 8] = "_Z1f";

    for (int i = 0; i < ARGUMENTS; i++)
        strcat(symbol, "Ss");
    CU_ASSERT_FATAL(debug__demangle(symbol, name));
    CU_ASSERT_EQUAL(strlen(name), DEMANGLE_NAME - 1);
    CU_ASSERT_EQUAL(strncmp(name, "f(std::string, std::string, ", 28), 0);
    CU_ASSERT_STRING_EQUAL(name + DEMANGLE_NAME - 4, "...");
    symbol[4 + 2] = '\0';
    CU_ASSERT_FATAL(debug__demangle(symbol, name));
    CU_ASSERT_STRING_EQUAL(name, "f(std::string)");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_name_of_cxx_is_translated),
    TEST(strings_have_the_name_that_the_source_has),
    TEST(any_other_name_is_left),
    TEST(a_translation_that_is_too_long_is_cut),
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
