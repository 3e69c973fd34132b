/*
 * learn_ways_test.c - learning in pools, scopes, sets and from inside; where it is not possible
 */
#include "tests/support/jail.h"
#include "tests/support/learn_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/tree.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *opens(json_t *path)
{
    return json_integer(open(json_string_value(path), O_RDONLY) < 0 ? errno : 0);
}

static json_t *dies(json_t *path)
{
    const int fd = open(json_string_value(path), O_RDONLY);

    raise(SIGKILL);
    return json_integer(fd);
}

static void check_learned(procspawn_handle *handle, const char *path)
{
    procspawn_needs *needs = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_learned(handle, &needs), 0);
    CU_ASSERT_FATAL(needs != NULL);
    CU_ASSERT(learn_find_path(needs, path) != NULL);
    procspawn_needs_free(needs);
}

/* ---- pools ---- */

static void a_pool_has_the_needs_of_all_its_calls(void)
{
    procspawn_pool *pool = learn_pool(2);
    procspawn_needs *needs = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_learned(pool, &needs), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 0);
    procspawn_needs_free(needs);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/group")), 0);
    procspawn_handle *handle = pool_start(pool, opens, json_string("/etc/passwd"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    check_learned(handle, "/etc/group");
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_learned(pool, &needs), 0);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 2);
    PROCSPAWN_CUNIT_EQUAL(learn_find_path(needs, "/etc/passwd")->count, 2);
    procspawn_needs_free(needs);
    learn_await_end();
}

static void the_needs_of_a_worker_outlive_it(void)
{
    procspawn_pool *pool = learn_pool(1);
    procspawn_handle *handle = pool_start(pool, dies, json_string("/etc/group"));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, opens, json_string("/etc/passwd")), 0);
    check_learned(handle, "/etc/group");
    check_learned(handle, "/etc/passwd");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static void a_pool_that_does_not_learn_has_no_list(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_needs *needs = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_learned(pool, &needs), -ENODATA);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_learned(NULL, &needs), -EINVAL);
    procspawn_pool_free(pool);
    procspawn_handle *handle = calls_start(calls_echo, json_null());
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_learned(handle, &needs), -ENODATA);
    procspawn_handle_free(handle);
    CU_ASSERT(needs == NULL);
}

/* ---- the rest of calls ---- */

static void a_call_that_fails_has_its_needs(void)
{
    procspawn_handle *handle = calls_build(sandbox_builder, dies, json_string("/etc/passwd"));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    check_learned(handle, "/etc/passwd");
    procspawn_handle_free(handle);
    learn_await_end();
}

static int makes_a_call(scoped_spawner scope, void *unused)
{
    procspawn_handle *handle = NULL;
    json_t *path = json_string("/etc/passwd");
    int rc = scoped_procspawn(scope, sandbox_builder, opens, path, &handle);

    (void)unused;
    json_decref(path);
    if (rc == 0)
        rc = procspawn_join(handle, NULL, NULL);
    if (rc == 0)
        check_learned(handle, "/etc/passwd");
    procspawn_handle_free(handle);
    return rc;
}

static void calls_of_a_scope_are_learned(void)
{
    PROCSPAWN_CUNIT_EQUAL(scoped_run(NULL, makes_a_call, NULL, NULL), 0);
}

/* They are sent later than they are described. A set gives no handle. */
static void calls_of_a_set_may_learn(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder,
                                                    .take_argument = true };
    procspawn_set *set = set_make();

    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(sandbox_builder, "etc/group", PROCSPAWN_PATH_READ);
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, opens,
                                                  json_string("/etc/passwd"), NULL), 0);
    for (int i = 0; i < 3; i++) {
        struct procspawn_result result = set_next(set);
        PROCSPAWN_CUNIT_EQUAL(result.status, 0);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), 0);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
    learn_await_end();
}

static json_t *enters(json_t *path)
{
    if (open(json_string_value(path), O_RDONLY) < 0)
        return json_integer(2);
    const int rc = procspawn_sandbox_enter(PROCSPAWN_SANDBOX_FILES, 0);

    if (rc < 0)
        return json_integer(rc);
    if (procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE, 0) < 0 ||
        procspawn_sandbox_enter(PROCSPAWN_SANDBOX_FILES, 0) != -EINVAL)
        return json_integer(1);
    return opens(path);
}

static void a_function_that_enters_by_itself_is_learned_from_there(void)
{
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NONE);
    procspawn_needs *needs = learn(enters, json_string("/etc/passwd"));

    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 1);
    PROCSPAWN_CUNIT_EQUAL(learn_find_path(needs, "/etc/passwd")->count, 1);
    procspawn_needs_free(needs);
}

static void a_copy_of_the_program_asks_for_nothing(void)
{
    procspawn_handle *handle = calls_build(sandbox_builder, opens, json_string("/etc/passwd"));
    procspawn_pool *pool = learn_pool(1);
    procspawn_needs *needs;
    int status = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const bool refused = procspawn_learned(handle, &needs) == PROCSPAWN_ENOTOWNER &&
                             procspawn_pool_learned(pool, &needs) == PROCSPAWN_ENOTOWNER;
        procspawn_handle_free(handle);
        procspawn_pool_free(pool);
        _exit(refused ? 0 : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    check_learned(handle, "/etc/passwd");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* ---- where it is not possible ---- */

static void learning_that_was_not_allowed_at_init_is_refused(void)
{
    procspawn_needs *needs = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_LEARN), 0);
    sandbox_check_setup(calls_echo, "procspawn_config_learning()");
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NONE);
    sandbox_check_setup(calls_echo, "procspawn_config_learning()");
    procspawn_handle *handle = calls_build(sandbox_builder, calls_echo, json_null());
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_learned(handle, &needs), -ENODATA);
    procspawn_handle_free(handle);
}

static void a_pool_that_may_not_learn_says_why(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_LEARN), 0);
    procspawn_pool *pool = learn_pool(1);
    const struct procspawn_call_options options = { .pool = pool };
    struct procspawn_result result;

    procspawn_call_with(&options, calls_echo, NULL, &result);
    PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(result.error), PROCSPAWN_ERROR_SETUP);
    CU_ASSERT(strstr(procspawn_error_message(result.error), "procspawn_config_learning()") !=
              NULL);
    procspawn_result_fini(&result);
    procspawn_pool_free(pool);
}

static void without_filters_nothing_is_learned(void)
{
    jail_enter(&(struct jail_rule){ .number = SYS_seccomp }, ENOSYS);
    learn_begin();
    sandbox_check_setup(calls_echo, "no seccomp filters");
    procspawn_builder_sandbox_partial(sandbox_builder, true);
    sandbox_check_setup(calls_echo, "no seccomp filters");
    learn_await_end();
    sandbox_end();
}

/* As kernels before 5.0. */
static void without_listeners_nothing_is_learned(void)
{
    jail_enter(&(struct jail_rule){ .number = SYS_seccomp, .argument = 1, .mask = UINT32_MAX,
                                    .value = SECCOMP_FILTER_FLAG_NEW_LISTENER }, EINVAL);
    learn_begin();
    sandbox_check_setup(calls_echo, "wait for an answer");
    learn_await_end();
    sandbox_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_pool_has_the_needs_of_all_its_calls),
    TEST(the_needs_of_a_worker_outlive_it),
    TEST(a_pool_that_does_not_learn_has_no_list),
    TEST(a_call_that_fails_has_its_needs),
    TEST(calls_of_a_scope_are_learned),
    TEST(calls_of_a_set_may_learn),
    TEST(a_function_that_enters_by_itself_is_learned_from_there),
    TEST(a_copy_of_the_program_asks_for_nothing),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo refused[] = {
    TEST(learning_that_was_not_allowed_at_init_is_refused),
    TEST(a_pool_that_may_not_learn_says_why),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo jailed[] = {
    TEST(without_filters_nothing_is_learned),
    TEST(without_listeners_nothing_is_learned),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    LEARN_SUITES("ways to learn", tests),
    SANDBOX_SUITES("learning that is not allowed", refused),
    { .pName = "kernels that cannot learn", .pTests = jailed },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
