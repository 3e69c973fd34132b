/*
 * style_test.c - colours of printed errors: on a terminal only, and only if they are wanted
 */
#include "tests/support/call_helpers.h"

#include <forkscope/call.h>
#include <forkscope/error.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *fail(json_t *argument)
{
    (void)argument;
    return procspawn_fail("on purpose");
}

/* Prints the error to a terminal, and returns whether that got colours. */
static bool prints_colours(const procspawn_error *error, const char *type, const char *no_colour)
{
    char text[4096] = "";
    int terminal, program;

    CU_ASSERT_FATAL(openpty(&terminal, &program, NULL, NULL, NULL) == 0);
    FILE *stream = fdopen(program, "w");
    CU_ASSERT_FATAL(stream != NULL);
    type ? setenv("TERM", type, 1) : unsetenv("TERM");
    no_colour ? setenv("NO_COLOR", no_colour, 1) : unsetenv("NO_COLOR");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fflush(stream);
    CU_ASSERT(read(terminal, text, sizeof text - 1) > 0);
    fclose(stream);
    close(terminal);
    CU_ASSERT(strstr(text, "on purpose") != NULL);
    return strstr(text, "\033[1;31mfailed\033[0m: on purpose") != NULL;
}

static void a_terminal_gets_colours_unless_they_are_refused(void)
{
    procspawn_error *error = calls_error(calls_start(fail, NULL));

    CU_ASSERT(prints_colours(error, "xterm", NULL));
    CU_ASSERT(prints_colours(error, "xterm", ""));
    CU_ASSERT(!prints_colours(error, "xterm", "1"));
    CU_ASSERT(!prints_colours(error, "dumb", NULL));
    CU_ASSERT(!prints_colours(error, NULL, NULL));
    procspawn_error_free(error);
}

static void what_is_no_terminal_gets_none(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    procspawn_error *error = calls_error(calls_start(fail, NULL));

    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(error, stream), 0);
    fclose(stream);
    CU_ASSERT(strstr(text, "failed: on purpose") != NULL && !strchr(text, '\033'));
    free(text);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_terminal_gets_colours_unless_they_are_refused),
    TEST(what_is_no_terminal_gets_none),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("style", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
