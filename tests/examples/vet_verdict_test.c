/*
 * vet_verdict_test.c - vet's findings in examples/data, with each parser
 */
#include "tests/support/vet_helpers.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

struct expectation {
    const char *path;
    const char *outcome;
    int line, column;
};

static const struct expectation by_jansson[] = {
    { "byte-order-mark.json", "rejected", 1, 1 },
    { "comment-without-end.json", "rejected", 2, 17 },
    { "duplicate-keys.json", "rejected", 4, 9 },
    { "empty.json", "rejected", 1, 1 },
    { "exponent-too-large.json", "rejected", 1, 15 },
    { "integer-too-large.json", "rejected", 1, 37 },
    { "invalid-utf8.json", "rejected", 2, 13 },
    { "leading-zeros.json", "rejected", 1, 10 },
    { "lone-slash.json", "rejected", 1, 12 },
    { "lone-surrogate.json", "rejected", 1, 29 },
    { "nested-arrays-100000.json", "rejected", 1, 2049 },
    { "nested-objects-30000.json", "rejected", 1, 10241 },
    { "nul-byte.json", "rejected", 1, 9 },
    { "number-of-300000-digits.json", "rejected", 1, 300001 },
    { "only-spaces.json", "rejected", 3, 1 },
    { "overlong-utf8.json", "rejected", 1, 12 },
    { "random-bytes.json", "rejected", 1, 1 },
    { "single-quotes.json", "rejected", 1, 2 },
    { "trailing-comma.json", "rejected", 4, 1 },
    { "truncated-in-escape.json", "rejected", 1, 14 },
    { "truncated-in-object.json", "rejected", 27, 4 },
    { "truncated-in-string.json", "rejected", 19, 26 },
    { "two-documents.json", "rejected", 2, 1 },
    { NULL, NULL, 0, 0 }
};

/* A stack that overflows in the thread sanitizer, while that holds a lock, ends in a hang. */
#ifdef __SANITIZE_THREAD__
#define OVERFLOWN_IN_MALLOC "timed_out"
#else
#define OVERFLOWN_IN_MALLOC "crashed"
#endif

static const struct expectation by_naive[] = {
    { "byte-order-mark.json", "rejected", 1, 1 },
    { "comment-without-end.json", "timed_out", 0, 0 },
    { "empty.json", "rejected", 1, 1 },
    { "escapes-40000-in-a-row.json", "crashed", 0, 0 },
    { "lone-slash.json", "timed_out", 0, 0 },
    { "nested-arrays-100000.json", "crashed", 0, 0 },
    { "nested-objects-30000.json", OVERFLOWN_IN_MALLOC, 0, 0 },
    { "nul-byte.json", "rejected", 1, 9 },
    { "number-of-300000-digits.json", "crashed", 0, 0 },
    { "only-spaces.json", "rejected", 3, 1 },
    { "random-bytes.json", "rejected", 1, 1 },
    { "single-quotes.json", "rejected", 1, 2 },
    { "trailing-comma.json", "rejected", 4, 1 },
    { "truncated-in-escape.json", "rejected", 1, 13 },
    { "truncated-in-object.json", "rejected", 27, 5 },
    { "truncated-in-string.json", "rejected", 19, 27 },
    { "two-documents.json", "rejected", 2, 1 },
    { NULL, NULL, 0, 0 }
};

static void check_expectation(const json_t *document, const struct expectation *expected)
{
    char *below;
    CU_ASSERT_FATAL(asprintf(&below, "/hostile/%s", expected->path) > 0);
    char *path = vet_data(below);
    const json_t *entry = vet_entry(document, path);
    if (!entry || strcmp(vet_word(entry, "outcome"), expected->outcome) != 0)
        printf("%s: %s instead of %s\n", path, vet_word(entry, "outcome"), expected->outcome);
    CU_ASSERT_STRING_EQUAL(vet_word(entry, "outcome"), expected->outcome);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(entry, "line")), expected->line);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(entry, "column")), expected->column);
    free(path);
    free(below);
}

/*
 * What is expected is listed, nothing else is, and the numbers agree with the list and with find.
 */
static void check_verdicts(const char *parser, int status, const struct expectation *expected)
{
    char *data = vet_data("");
    json_t *document = VET_RUN_JSON(status, "--parser", parser, "--limit", "1.5", data);
    json_int_t listed = 0;
    for (; expected->path; expected++, listed++)
        check_expectation(document, expected);
    PROCSPAWN_CUNIT_EQUAL(json_array_size(json_object_get(document, "files")), listed);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "files"), folder_count(data));
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "ok"), vet_number(document, "files") - listed);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "processes_left"), 0);
    json_decref(document);
    free(data);
}

static void jansson_judges_each_document_as_expected(void)
{
    check_verdicts("jansson", 1, by_jansson);
}

static void naive_judges_each_document_as_expected_and_dies_of_some(void)
{
    check_verdicts("naive", 2, by_naive);
}

static void check_crash(const char *below, const char *cause, const char *symbol)
{
    char *path = vet_data(below);
    json_t *document = VET_RUN_JSON(2, "--parser", "naive", "--limit", "30", path);
    const json_t *error = json_object_get(vet_entry(document, path), "error");
    char *frames = json_dumps(json_object_get(error, "frames"), JSON_ENCODE_ANY);
    CU_ASSERT_STRING_EQUAL(vet_word(error, "cause"), cause);
    CU_ASSERT_PTR_NOT_NULL_FATAL(frames);
    CU_ASSERT_PTR_NOT_NULL(strstr(frames, symbol));
    free(frames);
    json_decref(document);
    free(path);
}

static void a_crash_comes_with_its_cause_and_frames(void)
{
    if (UNDER_ASAN) {
        CU_PASS("the sanitizer ends the process its own way");
        return;
    }
    check_crash("/hostile/nested-arrays-100000.json", "stack_overflow", "\"read_collection\"");
    check_crash("/hostile/number-of-300000-digits.json", "signal", "\"read_");
    check_crash("/hostile/escapes-40000-in-a-row.json", "signal", "\"read_string\"");
}

static CU_TestInfo verdicts[] = {
    { "jansson_judges_each_document_as_expected", jansson_judges_each_document_as_expected },
    { "naive_judges_each_document_as_expected_and_dies_of_some",
      naive_judges_each_document_as_expected_and_dies_of_some },
    { "a_crash_comes_with_its_cause_and_frames", a_crash_comes_with_its_cause_and_frames },
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "verdicts", .pTests = verdicts },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
