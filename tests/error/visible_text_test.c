/*
 * visible_text_test.c - a child's text has no effect on a terminal when it is printed
 */
#include "src/base/visible_text.h"
#include "tests/support/call_helpers.h"

#include <stdlib.h>
#include <string.h>

static void check(const char *text, const char *shown)
{
    char *printed = NULL;
    size_t length;
    FILE *stream = open_memstream(&printed, &length);

    base__print_visible(text, stream);
    fclose(stream);
    CU_ASSERT_STRING_EQUAL(printed, shown);
    free(printed);
}

static void plain_text_stays_as_it_is(void)
{
    check("", "");
    check("it's 100% \"plain\" \\ text~", "it's 100% \"plain\" \\ text~");
    check("\xc3\xa4\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
          "\xc3\xa4\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf");
}

static void control_characters_are_shown(void)
{
    check("\033]0;title\007\033[2J\r\n\t\177", "\\x1b]0;title\\x07\\x1b[2J\\r\\n\\t\\x7f");
    check("\001\037\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\x01\\x1f\\u0080\\u009b\\u009f\xc2\xa0");
}

static void directions_and_lines_are_shown(void)
{
    check("\xe2\x80\xae" "a\xe2\x81\xa6" "b\xe2\x80\xa8" "c\xe2\x80\x8f\xd8\x9c",
          "\\u202ea\\u2066b\\u2028c\\u200f\\u061c");
}

static void what_is_no_utf8_is_shown(void)
{
    check("\x9b" "1m", "\\x9b1m");
    check("\xff\xc0\x80\xc2", "\\xff\\xc0\\x80\\xc2");
    check("\xc2x\xe2\x82", "\\xc2x\\xe2\\x82");
    check("\xed\xa0\x80 \xe0\x80\x9b \xf4\x90\x80\x80",
          "\\xed\\xa0\\x80 \\xe0\\x80\\x9b \\xf4\\x90\\x80\\x80");
}

static json_t *panic(json_t *argument)
{
    (void)argument;
    procspawn_panic_at("a\033[1mfile.c", 7, "f\r\n", "all is \033[2J\nwell");
}

static void an_error_is_printed_without_them(void)
{
    procspawn_error *error = calls_error(calls_start(panic, NULL));
    char *printed = NULL;
    size_t length;
    FILE *stream = open_memstream(&printed, &length);

    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "all is \033[2J\nwell");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fclose(stream);
    static const char begin[] =
        "panic: all is \\x1b[2J\\nwell at a\\x1b[1mfile.c:7 in f\\r\\n\n";
    CU_ASSERT(strncmp(printed, begin, strlen(begin)) == 0 && !strpbrk(printed, "\033\r"));
    free(printed);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(plain_text_stays_as_it_is),
    TEST(control_characters_are_shown),
    TEST(directions_and_lines_are_shown),
    TEST(what_is_no_utf8_is_shown),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo error_tests[] = {
    TEST(an_error_is_printed_without_them),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "visible", .pTests = tests },
    CALLS_SUITE("visible_errors", error_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
