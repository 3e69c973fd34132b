/*
 * builder_rights_test.c - limits and ids that a builder sets for a child
 */
#include "tests/support/builder_helpers.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234, SOME_GROUP = 2345, OTHER_GROUP = 3456 };

/* ---- limits ---- */

static json_t *own_file_limit(json_t *argument)
{
    struct rlimit limit;
    (void)argument;

    getrlimit(RLIMIT_NOFILE, &limit);
    return json_integer((json_int_t)limit.rlim_cur);
}

static void limits_are_the_callers_at_the_time_of_the_call(void)
{
    struct rlimit limit, old;

    getrlimit(RLIMIT_NOFILE, &old);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_file_limit, NULL)),
                          (json_int_t)old.rlim_cur);
    limit = (struct rlimit){ 200, old.rlim_max };
    setrlimit(RLIMIT_NOFILE, &limit);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_file_limit, NULL)), 200);
    limit.rlim_cur = 100;
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, own_file_limit, NULL)), 100);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, 1000, &limit), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, -1, &limit), -EINVAL);
    setrlimit(RLIMIT_NOFILE, &old);
}

static void a_limit_that_cannot_be_is_an_error(void)
{
    struct rlimit limit = { 200, 100 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    procspawn_error *error = calls_error(calls_build(builder, own_file_limit, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EINVAL);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

/* ---- ids ---- */

static json_t *own_ids(json_t *argument)
{
    uid_t uid[3];
    gid_t gid[3];
    (void)argument;

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    return json_pack("[i,i,i,i,i,i,i]", uid[0], uid[1], uid[2], gid[0], gid[1], gid[2],
                     getgroups(0, NULL));
}

static void check_ids(json_t *ids, uid_t uid, gid_t gid, int groups)
{
    for (size_t i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, i)), uid);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, i + 3)), gid);
    }
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, 6)), groups);
    json_decref(ids);
}

static void the_user_and_group_can_be_chosen(void)
{
    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_builder_gid(builder, SOME_GROUP);
    check_ids(calls_result(calls_build(builder, own_ids, NULL)), SOMEBODY, SOME_GROUP, 0);
    procspawn_builder_total_limit(builder, 50 * CALLS_MS);
    calls_check_error(calls_error(calls_build(builder, calls_hang, NULL)),
                      PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

static void who_runs_as_somebody_else_can_crash_panic_and_be_killed(void)
{
    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_error *error = calls_error(calls_build(builder, crash, NULL));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

/* Runs a part of a test in a process that gives up root for itself. */
static void in_process_without_root(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        gid_t group = OTHER_GROUP;
        calls_begin();
        CU_ASSERT_FATAL(setgroups(1, &group) == 0);
        CU_ASSERT_FATAL(setresgid(SOME_GROUP, SOME_GROUP, SOME_GROUP) == 0);
        CU_ASSERT_FATAL(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
        part();
        calls_end();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void spawn_without_root(void)
{
    check_ids(calls_result(calls_start(own_ids, NULL)), SOMEBODY, SOME_GROUP, 1);
    procspawn_builder_uid(builder, 0);
    calls_check_error(calls_error(calls_build(builder, own_ids, NULL)), PROCSPAWN_ERROR_SETUP,
                      PROCSPAWN_CAUSE_NONE);
}

static void a_program_that_gave_up_root_gets_no_root_child(void)
{
    in_process_without_root(spawn_without_root);
}

static void spawn_in_a_closed_directory(void)
{
    CU_ASSERT(access(".", X_OK) < 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
}

static void a_directory_that_the_caller_may_not_enter_any_more_is_still_its_own(void)
{
    char path[] = "/tmp/forkscope.XXXXXX";

    CU_ASSERT_FATAL(mkdtemp(path) != NULL && chdir(path) == 0);
    in_process_without_root(spawn_in_a_closed_directory);
    CU_ASSERT(chdir("/") == 0 && rmdir(path) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(limits_are_the_callers_at_the_time_of_the_call),
    TEST(a_limit_that_cannot_be_is_an_error),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(the_user_and_group_can_be_chosen),
    TEST(who_runs_as_somebody_else_can_crash_panic_and_be_killed),
    TEST(a_program_that_gave_up_root_gets_no_root_child),
    TEST(a_directory_that_the_caller_may_not_enter_any_more_is_still_its_own),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    BUILDER_SUITE("builder", tests),
    BUILDER_SUITE("builder_ids", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
