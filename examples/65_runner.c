/*
 * 65_runner.c - a test runner: each function in a process of its own, with a limit. Prints TAP.
 *
 * Shows a whole program around procspawn_call_with: nine tests fail in nine ways, and the runner
 * goes on after each. Prints a line for each test, with the reason and the beginning and end of
 * what the test has printed. With -v it prints backtraces, too.
 */
#include <assert.h>
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(c)                                                                                   \
    do {                                                                                           \
        if (!(c))                                                                                  \
            procspawn_panic("check failed: %s", #c);                                               \
    } while (0)

static void t_ok(void)
{
    CHECK(1 + 1 == 2);
}

static void t_check(void)
{
    CHECK(1 + 1 == 3);
}

static void t_segv(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void t_abort(void)
{
    abort();
}

static void t_assert(void)
{
    assert(1 + 1 == 3);
}

static void t_hang(void)
{
    for (;;)
        pause();
}

static void t_spin(void)
{
    for (volatile unsigned i = 0;; i++)
        continue;
}

static void t_exit(void)
{
    exit(3);
}

static int descend(int levels, const volatile char *above)
{
    volatile char big[65536];

    big[0] = *above;
    return levels == 0 ? *above : descend(levels - 1, big) + big[0];
}

static void t_stack(void)
{
    CHECK(descend(1000000, "") == 0);
}

static void t_noisy(void)
{
    for (int i = 1; i <= 30000; i++)
        printf("# line %d of noise\n", i);
    CHECK(0);
}

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "ok", t_ok },       { "check", t_check }, { "segv", t_segv }, { "abort", t_abort },
    { "assert", t_assert }, { "hang", t_hang },   { "spin", t_spin }, { "exit", t_exit },
    { "stack", t_stack }, { "noisy", t_noisy },
};

enum { COUNT = sizeof tests / sizeof *tests };

static json_t *run_test(json_t *index)
{
    tests[json_integer_value(index)].run();
    return json_true();
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .run_limit = 500 * FORKSCOPE_MS,
                                              .capture_limit = 100,
                                              .take_argument = true };
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    int failed = 0, rc = procspawn_init(argc, argv);

    if (rc < 0)
        return printf("Bail out! %s\n", forkscope_strerror(rc)), 2;
    printf("1..%d\n", COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct procspawn_result result;
        rc = procspawn_call_with(&options, run_test, json_integer(i), &result);
        printf("%sok %d - %s", rc < 0 ? "not " : "", i + 1, tests[i].name);
        if (result.error) {
            failed++;
            printf(" # %s\n%s", procspawn_error_message(result.error), result.out.data);
            if (verbose)
                procspawn_error_print(result.error, stdout);
        } else {
            puts("");
        }
        procspawn_result_fini(&result);
    }
    printf("# %d failed\n", failed);
    return procspawn_fini() == 0 && failed == COUNT - 1 ? 0 : 1;
}
