/*
 * status_test.c - which lines of /proc/self/status may differ, and what follows
 */
#include "src/fresh/status.h"

#include <forkscope/cunit.h>
#include <string.h>

static const char *compare(const char *was, const char *is, struct fresh__found *found)
{
    memset(found, 0, sizeof *found);
    return fresh__status_compare(was, strlen(was), is, strlen(is), found);
}

static void equal_texts_differ_in_nothing(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NULL(compare("Name:\ta\nUid:\t0\n", "Name:\ta\nUid:\t0\n", &found));
    CU_ASSERT_FALSE(found.name || found.mappings || found.actions || found.processors);
}

static void what_the_kernel_counts_may_differ(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NULL(compare("VmRSS:\t 10 kB\nSigQ:\t1/5\nvoluntary_ctxt_switches:\t1\n",
                               "VmRSS:\t 900 kB\nSigQ:\t12/5\nvoluntary_ctxt_switches:\t22\n",
                               &found));
    CU_ASSERT_FALSE(found.name || found.mappings || found.actions || found.processors);
}

static void what_can_be_put_back_is_found(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NULL(compare("Name:\ta\nVmData:\t1 kB\nSigCgt:\t0\nCpus_allowed:\t3\n",
                               "Name:\tlonger\nVmData:\t2 kB\nSigCgt:\t1\nCpus_allowed:\t1\n",
                               &found));
    CU_ASSERT(found.name && found.mappings && found.actions && found.processors);
}

static void all_else_must_be_as_it_was(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NOT_NULL(compare("Uid:\t0\n", "Uid:\t1\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("Threads:\t1\n", "Threads:\t2\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("Seccomp:\t0\n", "Seccomp:\t2\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("A_line_of_2040:\t0\n", "A_line_of_2040:\t1\n", &found));
}

static void a_missing_or_additional_line_is_a_difference(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NOT_NULL(compare("Uid:\t0\nGid:\t0\n", "Uid:\t0\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("Uid:\t0\n", "Uid:\t0\nGid:\t0\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("VmRSS:\t1\n", "SigQ:\t1\n", &found));
}

static void a_key_is_compared_as_a_whole(void)
{
    struct fresh__found found;

    CU_ASSERT_PTR_NOT_NULL(compare("Names:\ta\n", "Names:\tb\n", &found));
    CU_ASSERT_PTR_NOT_NULL(compare("Nam:\ta\n", "Nam:\tb\n", &found));
}

/* Their words are compared at once; the last one may be cut short. */
static void texts_of_any_length_are_compared(void)
{
    static const char text[] = "Uid:\t0123456789\nGid:\t0\n";
    char other[sizeof text];
    struct fresh__found found;

    for (size_t i = 0; i + 1 < sizeof text; i++) {
        memcpy(other, text, sizeof text);
        CU_ASSERT_PTR_NULL(compare(text, other, &found));
        other[i] = other[i] == '1' ? '2' : '1';
        CU_ASSERT_PTR_NOT_NULL(compare(text, other, &found));
        other[i] = '\0';
        CU_ASSERT_PTR_NOT_NULL(compare(text, other, &found));
        CU_ASSERT_PTR_NOT_NULL(compare(other, text, &found));
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo texts[] = {
    TEST(equal_texts_differ_in_nothing),
    TEST(what_the_kernel_counts_may_differ),
    TEST(what_can_be_put_back_is_found),
    TEST(all_else_must_be_as_it_was),
    TEST(a_missing_or_additional_line_is_a_difference),
    TEST(a_key_is_compared_as_a_whole),
    TEST(texts_of_any_length_are_compared),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "texts", .pTests = texts },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
