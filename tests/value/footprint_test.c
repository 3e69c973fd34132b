/*
 * footprint_test.c - the memory for a JSON text as the scan predicts it, and as jansson takes it
 */
#include "src/value/footprint.h"

#include <forkscope/cunit.h>
#include <jansson.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const procspawn__limit no_limit = { UINT64_MAX, 4096 };

/* ---- what jansson takes ---- */

static struct taken { uint64_t now, most; } taken;

static uint64_t size_of(void *block)
{
    return block ? malloc_usable_size(block) + sizeof(size_t) : 0;
}

static void *take(size_t size)
{
    void *block = malloc(size);

    taken.now += size_of(block);
    if (taken.now > taken.most)
        taken.most = taken.now;
    return block;
}

static void give(void *block)
{
    taken.now -= size_of(block);
    free(block);
}

/* The text may be none. */
static bool decode(const char *text, size_t length, struct taken *ret_taken)
{
    json_error_t error;

    taken.now = taken.most = 0;
    json_set_alloc_funcs(take, give);
    json_t *value = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    *ret_taken = taken;
    json_decref(value);
    json_set_alloc_funcs(malloc, free);
    CU_ASSERT(taken.now == 0);
    return value != NULL;
}

static bool is_bounded(const struct procspawn__footprint *found, const struct taken *by)
{
    return by->now <= found->bytes && by->most <= found->bytes + found->passing;
}

/* What the scan adds for every text, however short: the first buffer of the parser and such. */
enum { SMALL = 256 };

static void check(const char *text, size_t length, const char *what)
{
    char line[200];
    struct taken by;
    bool valid = decode(text, length, &by);
    struct procspawn__footprint found = procspawn__footprint(text, length, &no_limit);
    bool close = found.bytes <= 4 * by.now + SMALL &&
                 found.bytes + found.passing <= 4 * by.most + SMALL;

    snprintf(line, sizeof line, "%.60s: %llu and %llu for %llu and at most %llu", what,
             (unsigned long long)found.bytes, (unsigned long long)found.passing,
             (unsigned long long)by.now, (unsigned long long)by.most);
    CU_assertImplementation(is_bounded(&found, &by) && (!valid || close), __LINE__, line, __FILE__,
                            "", CU_FALSE);
}

/* ---- texts ---- */

struct text { char *bytes; size_t length, room; };

static void add(struct text *text, const char *part)
{
    size_t length = strlen(part);

    if (text->length + length > text->room) {
        text->room = 2 * (text->length + length);
        text->bytes = realloc(text->bytes, text->room);
    }
    memcpy(text->bytes + text->length, part, length);
    text->length += length;
}

static void add_string(struct text *text, size_t length)
{
    char *letters = malloc(length + 3);

    memset(letters, 'x', length + 2);
    letters[0] = letters[length + 1] = '"';
    letters[length + 2] = '\0';
    add(text, letters);
    free(letters);
}

static void check_and_free(struct text *text, const char *what)
{
    check(text->bytes, text->length, what);
    free(text->bytes);
    *text = (struct text){ 0 };
}

/* Where it cannot be close. */
static void check_bound_and_free(struct text *text)
{
    struct taken by;
    struct procspawn__footprint found = procspawn__footprint(text->bytes, text->length, &no_limit);

    CU_ASSERT(decode(text->bytes, text->length, &by) && is_bounded(&found, &by));
    free(text->bytes);
}

static const size_t counts[] = { 0, 1, 2, 7, 8, 9, 15, 16, 17, 100, 1000, 4096, 4097, 8192, 8193,
                                 16384, 16385, 65537 };
enum { COUNTS = sizeof counts / sizeof counts[0] };

static void arrays_are_bounded(void)
{
    static const char *const elements[] = {
        "1", "-12345678901", "1.5e10", "null", "true", "\"\"", "\"a\"", "\"\\u00e4\\n\\\"\\\\\"",
        "[]", "{}", "[[],[1]]", "{\"a\":1}", " 1 ", "\"0123456789012345678901234567890123456\"",
    };

    for (size_t e = 0; e < sizeof elements / sizeof elements[0]; e++) {
        for (size_t c = 0; c < COUNTS; c++) {
            struct text text = { 0 };
            add(&text, "[");
            for (size_t i = 0; i < counts[c]; i++) {
                add(&text, i > 0 ? "," : "");
                add(&text, elements[e]);
            }
            add(&text, "]");
            check_and_free(&text, elements[e]);
        }
    }
}

static void objects_are_bounded(void)
{
    static const char *const values[] = { "1", "null", "\"text\"", "{}", "[]" };
    char key[64];

    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
        for (size_t c = 0; c < COUNTS; c++) {
            struct text text = { 0 };
            add(&text, "{");
            for (size_t i = 0; i < counts[c]; i++) {
                snprintf(key, sizeof key, "%s\"key %zu\":", i > 0 ? "," : "", i);
                add(&text, key);
                add(&text, values[v]);
            }
            add(&text, "}");
            check_and_free(&text, values[v]);
        }
    }
}

static void long_tokens_are_bounded(void)
{
    for (size_t length = 0; length < 3000000; length = length * 3 / 2 + 1) {
        struct text text = { 0 };
        add_string(&text, length);
        check_and_free(&text, "a string");
        add(&text, "{");
        add_string(&text, length);
        add(&text, ":1}");
        check_and_free(&text, "a key");
        add(&text, "[0.");
        for (size_t i = 0; i < length; i++)
            add(&text, "1");
        add(&text, "1]");
        check_bound_and_free(&text);
    }
}

static void deep_values_are_bounded(void)
{
    static const char *const opening[] = { "[", "{\"a\":", "[1,2,{\"long key of an object\":" };
    static const char *const closing[] = { "]", "}", "}]" };

    for (size_t k = 0; k < 3; k++) {
        struct text text = { 0 };
        for (int i = 0; i < 1000; i++)
            add(&text, opening[k]);
        add(&text, "1");
        for (int i = 0; i < 1000; i++)
            add(&text, closing[k]);
        CU_ASSERT(procspawn__footprint(text.bytes, text.length, &no_limit).depth ==
                  (k < 2 ? 1000 : 2000));
        check_and_free(&text, opening[k]);
    }
}

/* Keys that come again count each time: less than that cannot be known. */
static void the_same_key_many_times_is_bounded(void)
{
    struct text text = { 0 };

    add(&text, "{\"a\":[1,2,3]");
    for (int i = 0; i < 10000; i++)
        add(&text, ",\"a\":[1,2,3]");
    add(&text, "}");
    check_bound_and_free(&text);
}

/* Pieces of JSON in any order, mostly no JSON at all. */
static void what_is_no_json_is_bounded(void)
{
    static const char *const pieces[] = {
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\"", "\"key\":", "1", "-", "2.5", "true",
        "nul", " ", "\n", "\001", "\xff", "\xc3\xa4", "\\\"", "\\u0041", "[1,2]", "{\"a\":[]}", "/",
    };

    srandom(3);
    for (int round = 0; round < 100000; round++) {
        struct text text = { 0 };
        if (round % 2)
            add(&text, "[");
        for (long n = random() % 40; n > 0; n--)
            add(&text, pieces[(size_t)random() % (sizeof pieces / sizeof pieces[0])]);
        if (text.length > 0)
            check_and_free(&text, "pieces");
    }
}

/* Behind what is over a limit nothing is looked at: a page that cannot be read would be noticed. */
static void the_scan_ends_at_the_limit(void)
{
    const procspawn__limit shallow = { UINT64_MAX, 256 }, small = { 1 << 20, 256 };
    struct text text = { 0 };

    for (int i = 0; i < 257; i++)
        add(&text, "[");
    PROCSPAWN_CUNIT_EQUAL(procspawn__footprint(text.bytes, 1 << 30, &shallow).depth, 257);
    free(text.bytes);
    text = (struct text){ 0 };
    for (int i = 0; i < 5000; i++)
        add(&text, "{},");
    CU_ASSERT(procspawn__footprint(text.bytes, 1 << 30, &small).bytes > small.bytes);
    CU_ASSERT(procspawn__footprint(text.bytes, 1 << 30, &small).bytes < 2 * small.bytes);
    free(text.bytes);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(arrays_are_bounded),
    TEST(objects_are_bounded),
    TEST(long_tokens_are_bounded),
    TEST(deep_values_are_bounded),
    TEST(the_same_key_many_times_is_bounded),
    TEST(what_is_no_json_is_bounded),
    TEST(the_scan_ends_at_the_limit),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "footprint", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
