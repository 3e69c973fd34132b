/*
 * enter_test.c - entering a sandbox from inside, what is missing, nested calls, libraries, threads
 */
#include "tests/support/jail.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- from inside ---- */

/* Reads a file that it opened before, and then opens one. */
static json_t *opens_then_enters(json_t *then_open)
{
    char byte;
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    int rc = procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE, 0);

    if (rc < 0)
        return json_integer(rc);
    if (read(fd, &byte, 1) != 1)
        return NULL;
    if (json_is_true(then_open))
        return json_integer(open("/etc/passwd", O_RDONLY));
    return json_integer(0);
}

static void a_function_can_enter_when_it_has_what_it_needs(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(opens_then_enters, NULL)), 0);
    procspawn_error *error = calls_error(calls_start(opens_then_enters, json_true()));
    CU_ASSERT(procspawn_error_is_violation(error));
    procspawn_error_free(error);
}

static int enter(enum procspawn_sandbox profile, unsigned allowed)
{
    return procspawn_sandbox_enter(profile, allowed);
}

struct step {
    enum procspawn_sandbox profile;
    unsigned allowed;
    int wanted;
};

static const struct step steps[] = {
    { PROCSPAWN_SANDBOX_NETWORK, PROCSPAWN_ALLOW_THREADS, 0 },
    { PROCSPAWN_SANDBOX_FILES, PROCSPAWN_ALLOW_THREADS, 0 },
    { PROCSPAWN_SANDBOX_NETWORK, PROCSPAWN_ALLOW_THREADS, -EINVAL },
    { PROCSPAWN_SANDBOX_COMPUTE, PROCSPAWN_ALLOW_THREADS, 0 },
    { PROCSPAWN_SANDBOX_COMPUTE, 0, 0 },
    { PROCSPAWN_SANDBOX_COMPUTE, PROCSPAWN_ALLOW_THREADS, -EINVAL },
    { PROCSPAWN_SANDBOX_FILES, 0, -EINVAL },
};

enum { STEPS = sizeof steps / sizeof steps[0] };

/* Returns the number of the first step that goes wrong. */
static json_t *goes_down_and_up(json_t *unused)
{
    (void)unused;
    for (int i = 0; i < STEPS; i++) {
        if (enter(steps[i].profile, steps[i].allowed) != steps[i].wanted)
            return json_integer(i);
    }
    return json_integer(STEPS);
}

static void a_process_goes_to_narrower_sandboxes_and_never_back(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(goes_down_and_up, NULL)), STEPS);
}

static json_t *enters_wrongly(json_t *unused)
{
    (void)unused;
    return json_pack("[i, i, i]", enter(PROCSPAWN_SANDBOX_NONE, 0),
                     enter((enum procspawn_sandbox)7, 0), enter(PROCSPAWN_SANDBOX_COMPUTE, 8));
}

static void what_is_no_sandbox_is_refused(void)
{
    json_t *result = calls_result(calls_start(enters_wrongly, NULL));

    for (size_t i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result, i)), -EINVAL);
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(enter(PROCSPAWN_SANDBOX_COMPUTE, 0), -EPERM);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_sandbox(sandbox_builder, (enum procspawn_sandbox)7),
                          -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_sandbox_allow(sandbox_builder, 4), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_denial(sandbox_builder, (enum procspawn_denial)9),
                          -EINVAL);
}

/* With the paths of its builder. */
static json_t *enters_files(json_t *unused)
{
    (void)unused;
    int rc = enter(PROCSPAWN_SANDBOX_FILES, 0);
    int inside = open("/usr/include/stdio.h", O_RDONLY | O_CLOEXEC);
    int outside = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return json_pack("[i, b, b]", rc, inside >= 0, outside >= 0);
}

static void the_paths_are_those_of_the_builder(void)
{
    json_t *wanted = json_pack("[i, b, b]", 0, 1, 0);

    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NONE);
    procspawn_builder_path(sandbox_builder, "/usr/include", PROCSPAWN_PATH_READ);
    json_t *result = calls_result(calls_build(sandbox_builder, enters_files, NULL));
    CU_ASSERT(json_equal(result, wanted));
    json_decref(wanted);
    json_decref(result);
}

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY));
}

static void a_worker_that_has_entered_stays_inside(void)
{
    procspawn_pool *pool = pool_make(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens_then_enters, NULL), 0);
    procspawn_error *error = calls_error(pool_start(pool, opens, NULL));
    CU_ASSERT(procspawn_error_is_violation(error));
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

/* ---- nested calls ---- */

static json_t *makes_calls(json_t *unused)
{
    procspawn_handle *handle = NULL;
    procspawn_pool *pool = NULL;

    (void)unused;
    int call = procspawn(calls_echo, NULL, &handle);
    int made = procspawn_pool_new(1, &pool);
    return json_pack("[i, i]", call, made);
}

static void a_sandboxed_process_makes_no_calls(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, makes_calls, json_null(), &result);
        PROCSPAWN_CUNIT_EQUAL(result.status, 0);
        for (size_t i = 0; i < 2; i++)
            PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(result.value, i)),
                                  PROCSPAWN_ERIGHTS);
        procspawn_result_fini(&result);
    }
}

/* ---- before the sandbox ---- */

static pthread_t thread;

static void *waits(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static int starts_a_thread(void *unused)
{
    (void)unused;
    return -pthread_create(&thread, NULL, waits, NULL);
}

static void a_thread_of_the_hook_is_refused(void)
{
    procspawn_builder_hook(sandbox_builder, starts_a_thread, NULL);
    sandbox_check_setup(calls_echo, "second thread");
}

static int prepares_time(void *unused)
{
    (void)unused;
    tzset();
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static json_t *asks_the_time(json_t *unused)
{
    time_t now = 0;
    struct tm parts;

    (void)unused;
    return json_integer(localtime_r(&now, &parts) ? parts.tm_year : 0);
}

static void the_hook_is_outside(void)
{
    procspawn_builder_hook(sandbox_builder, prepares_time, NULL);
    sandbox_check_integer(asks_the_time, 70);
}

/* ---- what is missing ---- */

static void nothing_is_missing_here(void)
{
    for (int profile = PROCSPAWN_SANDBOX_NONE; profile <= PROCSPAWN_SANDBOX_NETWORK; profile++)
        CU_ASSERT(procspawn_sandbox_missing((enum procspawn_sandbox)profile) == NULL);
}

/* The jail refuses a system call to the program and to all its children. */
static void begin_in_jail(const struct jail_rule *rule)
{
    jail_enter(rule, ENOSYS);
    sandbox_begin();
}

static void check_missing(enum procspawn_sandbox profile, const char *text)
{
    const char *missing = procspawn_sandbox_missing(profile);

    CU_ASSERT_FATAL(missing != NULL);
    CU_ASSERT(strstr(missing, text) != NULL);
    procspawn_builder_sandbox(sandbox_builder, profile);
    sandbox_check_setup(calls_echo, text);
}

static json_t *opens_and_tells(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
}

static void without_filters_calls_are_not_made(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_seccomp });
    check_missing(PROCSPAWN_SANDBOX_COMPUTE, "no seccomp filters");
    check_missing(PROCSPAWN_SANDBOX_FILES, "no seccomp filters");
    sandbox_end();
}

static void without_filters_landlock_is_what_is_left(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_seccomp });
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    sandbox_check_integer(opens_and_tells, EACCES);
    sandbox_end();
}

static json_t *computes(json_t *unused)
{
    (void)unused;
    return json_integer(42);
}

static void without_landlock_calls_with_paths_are_not_made(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_landlock_create_ruleset });
    CU_ASSERT(procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE) == NULL);
    sandbox_check_integer(computes, 42);
    check_missing(PROCSPAWN_SANDBOX_FILES, "no Landlock");
    check_missing(PROCSPAWN_SANDBOX_NETWORK, "no Landlock");
    sandbox_end();
}

static json_t *executes(json_t *unused)
{
    (void)unused;
    return json_integer(execl("/bin/true", "true", NULL));
}

static void without_landlock_the_filter_is_what_is_left(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_landlock_create_ruleset });
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    sandbox_check_integer(opens_and_tells, 0);
    sandbox_check_violation(executes, "execve", NULL);
    sandbox_end();
}

/* The kernel says that it has filters, and refuses the one that is installed. */
static void a_filter_that_is_refused_is_told(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_seccomp, .argument = 0, .mask = UINT32_MAX,
                                       .value = SECCOMP_SET_MODE_FILTER });
    CU_ASSERT(procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE) == NULL);
    sandbox_check_setup(calls_echo, "the system call filter cannot be installed");
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    sandbox_check_setup(calls_echo, "the system call filter cannot be installed");
    sandbox_end();
}

static void a_domain_that_is_refused_is_told(void)
{
    begin_in_jail(&(struct jail_rule){ .number = SYS_landlock_restrict_self });
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    sandbox_check_setup(calls_echo, "Landlock");
    sandbox_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_function_can_enter_when_it_has_what_it_needs),
    TEST(a_process_goes_to_narrower_sandboxes_and_never_back),
    TEST(what_is_no_sandbox_is_refused),
    TEST(the_paths_are_those_of_the_builder),
    TEST(a_worker_that_has_entered_stays_inside),
    TEST(a_sandboxed_process_makes_no_calls),
    TEST(a_thread_of_the_hook_is_refused),
    TEST(the_hook_is_outside),
    TEST(nothing_is_missing_here),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo jailed_tests[] = {
    TEST(without_filters_calls_are_not_made),
    TEST(without_filters_landlock_is_what_is_left),
    TEST(without_landlock_calls_with_paths_are_not_made),
    TEST(without_landlock_the_filter_is_what_is_left),
    TEST(a_filter_that_is_refused_is_told),
    TEST(a_domain_that_is_refused_is_told),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("entering", tests),
    { .pName = "kernels that lack something", .pTests = jailed_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
