/*
 * config_test.c - the options of procspawn_init: symbols, backtraces, crash handlers, timeouts
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* Unused memory, which no sanitizer checks first. */
static volatile int *volatile nowhere = (volatile int *)8;

__attribute__((noinline)) static json_t *crash_by_writing(json_t *argument)
{
    *nowhere = 1;
    return json_incref(argument);
}

__attribute__((noinline)) static json_t *raise_a_failure(json_t *argument)
{
    procspawn_panic("raised with %d", (int)json_integer_value(argument));
}

static void begin_with(void (*set)(procspawn_config *, bool), bool enabled)
{
    procspawn_config *config = procspawn_config_new();

    set(config, enabled);
    CU_ASSERT_FATAL(procspawn_init_with(config, 0, NULL) == 0);
    procspawn_config_free(config);
}

static bool has_symbol(const procspawn_error *error)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++) {
        if (frame.symbol)
            return true;
    }
    return false;
}

static void crashes_and_failures_have_frames_with_symbols(void)
{
    calls_begin();
    procspawn_error *crash = calls_error(calls_start(crash_by_writing, NULL));
    CU_ASSERT(procspawn_error_frame_count(crash) > 0 && has_symbol(crash));
    procspawn_error_free(crash);
    procspawn_error *failure = calls_error(calls_start(raise_a_failure, json_integer(7)));
    CU_ASSERT(procspawn_error_frame_count(failure) > 0 && has_symbol(failure));
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(failure), "raised with 7");
    procspawn_error_free(failure);
    calls_end();
}

static void symbols_can_be_switched_off(void)
{
    begin_with(procspawn_config_resolve_backtraces, false);
    procspawn_error *crash = calls_error(calls_start(crash_by_writing, NULL));
    CU_ASSERT(procspawn_error_frame_count(crash) > 0);
    CU_ASSERT(!has_symbol(crash));
    calls_check_error(crash, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    calls_end();
}

static void backtraces_can_be_switched_off(void)
{
    begin_with(procspawn_config_capture_backtraces, false);
    procspawn_error *crash = calls_error(calls_start(crash_by_writing, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(crash), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(crash), SIGSEGV);
    calls_check_error(crash, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    procspawn_error *failure = calls_error(calls_start(raise_a_failure, json_integer(8)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(failure), 0);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(failure), "raised with 8");
    calls_check_error(failure, PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
    calls_end();
}

static void without_the_catching_of_crashes_they_are_plain_signals(void)
{
    begin_with(procspawn_config_panic_handling, false);
    procspawn_error *crash = calls_error(calls_start(crash_by_writing, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(crash), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(crash), SIGSEGV);
    calls_check_error(crash, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    procspawn_error *failure = calls_error(calls_start(raise_a_failure, json_integer(9)));
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(failure), "raised with 9");
    calls_check_error(failure, PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
    calls_end();
}

/* The linker puts this in front of what the root forks servers with. */
pid_t __real_fork(void);
pid_t __wrap_fork(void);

static enum { GRANTED, REFUSED, STUCK } forks;

pid_t __wrap_fork(void)
{
    while (forks == STUCK)
        pause();
    if (forks == GRANTED)
        return __real_fork();
    errno = EAGAIN;
    return -1;
}

static void check_repeated_init(procspawn_config *config)
{
    forks = GRANTED;
    procspawn_config_start_timeout(config, -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    procspawn_config_free(config);
    calls_end();
}

static void init_gives_up_at_its_timeout_and_can_be_repeated(void)
{
    procspawn_config *config = procspawn_config_new();
    int64_t start = calls_now();

    procspawn_config_start_timeout(config, 50 * CALLS_MS);
    forks = STUCK;
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), PROCSPAWN_ESTART);
    CU_ASSERT(calls_now() - start >= 50 * CALLS_MS);
    CU_ASSERT(calls_now() - start < 4 * CALLS_SECOND);
    check_repeated_init(config);
}

static void init_says_at_once_that_no_server_can_be_forked(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_start_timeout(config, -1);
    forks = REFUSED;
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), -EAGAIN);
    check_repeated_init(config);
}

static void a_configuration_of_null_is_refused(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(NULL, 0, NULL), -EINVAL);
    check_repeated_init(procspawn_config_new());
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(crashes_and_failures_have_frames_with_symbols),
    TEST(symbols_can_be_switched_off),
    TEST(backtraces_can_be_switched_off),
    TEST(without_the_catching_of_crashes_they_are_plain_signals),
    TEST(init_gives_up_at_its_timeout_and_can_be_repeated),
    TEST(init_says_at_once_that_no_server_can_be_forked),
    TEST(a_configuration_of_null_is_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "config", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
