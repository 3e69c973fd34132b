/*
 * task_test.c - tasks as objects: start, join, cancel, names at spawn
 */
#include "tests/support/closed.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"
#include "tests/support/user_executors.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/task.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS(number) ((void *)(intptr_t)(number))

static struct scoped_task *object;

static int leave_text(void *text)
{
    scoped_set_result(text);
    return 3;
}

static int leave_text_as_task(scoped_spawner self, void *text)
{
    (void)self;
    return leave_text(text);
}

static void joining_gives_status_and_result(void)
{
    void *result = NULL;
    CU_ASSERT_FATAL(scoped_start(root, NULL, leave_text_as_task, "task", &object) == 0);
    CU_ASSERT(scoped_task_join(object, &result) == 3);
    CU_ASSERT_STRING_EQUAL(result, "task");
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, leave_text, "leaf", &object) == 0);
    CU_ASSERT(scoped_task_join_until(object, soon(), &result) == 3);
    CU_ASSERT_STRING_EQUAL(result, "leaf");
}

static void a_task_that_leaves_nothing_has_the_result_null(void)
{
    void *result = "untouched";
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return, STATUS(-EDOM), &object) == 0);
    CU_ASSERT(scoped_task_join(object, &result) == -EDOM);
    CU_ASSERT(result == NULL);
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return, STATUS(5), &object) == 0);
    CU_ASSERT(scoped_task_join(object, NULL) == 5);
}

static void joining_gives_up_at_a_point_in_time_and_can_be_repeated(void)
{
    void *result = "untouched";
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return_when_released, STATUS(7),
                                      &object) == 0);
    CU_ASSERT(scoped_task_join_until(object, 0, &result) == SCOPED_ERUNNING);
    CU_ASSERT(scoped_task_join_until(object, forkscope_after(2000000), &result) ==
              SCOPED_ERUNNING);
    CU_ASSERT_STRING_EQUAL(result, "untouched");
    event_happen(released);
    CU_ASSERT(scoped_task_join_until(object, soon(), &result) == 7);
    CU_ASSERT(result == NULL);
}

static void a_task_that_is_gone_is_joined_at_a_point_that_has_passed(void)
{
    struct pollfd gone = { .events = POLLIN };
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return, STATUS(2), &object) == 0);
    CU_ASSERT_FATAL(scoped_task_fd(object, &gone.fd) == 0);
    CU_ASSERT(poll(&gone, 1, 60000) == 1);
    CU_ASSERT(scoped_task_join_until(object, 0, NULL) == 2);
}

static void a_task_that_is_cancelled_says_so(void)
{
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_block, NULL, &object) == 0);
    CU_ASSERT(event_wait(started));
    scoped_task_cancel(object);
    scoped_task_cancel(object);
    CU_ASSERT(scoped_task_join_until(object, soon(), NULL) == -ECANCELED);
}

static void a_task_that_has_ended_is_not_cancelled(void)
{
    struct pollfd gone = { .events = POLLIN };
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return, STATUS(4), &object) == 0);
    CU_ASSERT_FATAL(scoped_task_fd(object, &gone.fd) == 0);
    CU_ASSERT(poll(&gone, 1, 60000) == 1);
    scoped_task_cancel(object);
    CU_ASSERT(scoped_task_join(object, NULL) == 4);
}

static void freeing_an_object_leaves_its_task_alone(void)
{
    struct scoped_task_options options = { .done = log_done };
    CU_ASSERT_FATAL(scoped_start_leaf(root, &options, task_return_when_released, NULL,
                                      &object) == 0);
    CU_ASSERT(event_wait(started));
    scoped_task_free(object);
    scoped_task_free(NULL);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    event_happen(released);
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void an_object_outlives_the_tree(void)
{
    struct scoped_task *other;
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_block, NULL, &object) == 0);
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_block, NULL, &other) == 0);
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    scoped_task_cancel(other);
    CU_ASSERT(scoped_task_join(object, NULL) == -ECANCELED);
    scoped_task_free(other);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static int until_released(void *arg)
{
    (void)arg;
    event_happen(started);
    return event_wait(released) ? 0 : -ETIME;
}

static int join_object(void *ret_left)
{
    scoped_notify_started();
    int error = scoped_task_join(object, NULL);
    *(bool *)ret_left = true;
    return error;
}

static void a_joiner_that_is_cancelled_leaves_the_object_to_its_owner(void)
{
    bool left = false;
    struct scoped_task *joiner;
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, until_released, NULL, &object) == 0);
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, join_object, &left, &joiner) == 0);
    CU_ASSERT(scoped_task_wait_started_until(joiner, soon()) == 0);
    scoped_task_cancel(joiner);
    CU_ASSERT(scoped_task_join(joiner, NULL) == -ECANCELED);
    CU_ASSERT(!left);
    event_happen(released);
    CU_ASSERT(scoped_task_join(object, NULL) == 0);
}

static void a_joiner_that_is_only_asked_is_told_that_the_task_runs(void)
{
    bool left = false;
    scoped_spawner asked;
    struct scoped_options options = { .cancel = SCOPED_CANCEL_ASKS };
    struct scoped_task *joiner;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &asked) == 0);
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, until_released, NULL, &object) == 0);
    CU_ASSERT_FATAL(scoped_start_leaf(asked, NULL, join_object, &left, &joiner) == 0);
    CU_ASSERT(scoped_task_wait_started_until(joiner, soon()) == 0);
    scoped_task_cancel(joiner);
    CU_ASSERT(scoped_task_join(joiner, NULL) == -ECANCELED);
    CU_ASSERT(left);
    event_happen(released);
    CU_ASSERT(scoped_task_join(object, NULL) == 0);
    struct scoped_outcome outcome;
    CU_ASSERT(scoped_close(asked, soon(), &outcome) == 0);
    CU_ASSERT(outcome.cancelled == 1 && outcome.failed == 0);
    scoped_outcome_fini(&outcome);
}

static void the_answer_of_a_wait_that_is_not_over_is_no_status(void)
{
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, task_return, STATUS(SCOPED_ERUNNING),
                                      &object) == 0);
    CU_ASSERT(scoped_task_join(object, NULL) == -ETIMEDOUT);
}

static int join_itself(scoped_spawner self, void *arg)
{
    (void)self, (void)arg;
    if (!event_wait(started))
        return -ETIME;
    return scoped_task_join(object, NULL) == -EDEADLK ? 6 : 0;
}

static void a_task_cannot_join_itself(void)
{
    CU_ASSERT_FATAL(scoped_start(root, NULL, join_itself, NULL, &object) == 0);
    event_happen(started);
    CU_ASSERT(scoped_task_join(object, NULL) == 6);
}

static int tell_and_wait(void *tells)
{
    if (tells != NULL)
        scoped_notify_started();
    return tells != NULL && !event_wait(released) ? -ETIME : 0;
}

static void one_can_wait_until_a_task_tells_that_it_has_started(void)
{
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, tell_and_wait, "", &object) == 0);
    CU_ASSERT(scoped_task_wait_started_until(object, soon()) == 0);
    event_happen(released);
    CU_ASSERT(scoped_task_join(object, NULL) == 0);
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, tell_and_wait, NULL, &object) == 0);
    CU_ASSERT(scoped_task_wait_started_until(object, soon()) == SCOPED_ENOTSTARTED);
    CU_ASSERT(scoped_task_join(object, NULL) == 0);
}

static void a_start_that_is_refused_calls_nothing(void)
{
    struct scoped_task_options options = { .name = "refused", .done = log_done };
    scoped_spawner stale;
    object = (struct scoped_task *)&options;
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &stale) == 0);
    CU_ASSERT(scoped_cancel_close(stale, soon(), NULL) == 0);
    CU_ASSERT(scoped_start_leaf(stale, &options, task_return, NULL, &object) == SCOPED_ESTALE);
    CU_ASSERT(scoped_start(stale, &options, leave_text_as_task, NULL, &object) == SCOPED_ESTALE);
    CU_ASSERT(object == (struct scoped_task *)&options);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static void the_object_need_not_be_wanted(void)
{
    struct scoped_task_options options = { .done = log_done };
    CU_ASSERT(scoped_start_leaf(root, &options, task_return, NULL, NULL) == 0);
    CU_ASSERT(scoped_start(root, &options, leave_text_as_task, NULL, NULL) == 0);
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "dd");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

/* ---- names ---- */

static int read_thread_name(void *ret_name)
{
    pthread_getname_np(pthread_self(), ret_name, 16);
    return -EDOM;
}

static void a_name_at_spawn_is_that_of_the_task_and_of_its_thread(void)
{
    struct scoped_task_options options = { .name = "a name that is too long" };
    struct scoped_options named = { .name = "clients" };
    char thread_name[16] = "";
    scoped_spawner scope;
    struct scoped_outcome outcome;
    CU_ASSERT_FATAL(scoped_scope_open(root, &named, &scope) == 0);
    CU_ASSERT(scoped_start_leaf(scope, &options, read_thread_name, thread_name, NULL) == 0);
    scoped_close(scope, soon(), &outcome);
    CU_ASSERT(outcome.status == -EDOM);
    CU_ASSERT_STRING_EQUAL(thread_name, "a name that is ");
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->name, "a name that is ");
    CU_ASSERT_STRING_EQUAL(outcome.failures->path, "root/clients/a name that is ");
    scoped_outcome_fini(&outcome);
}

static void a_thread_of_the_programs_keeps_its_name(void)
{
    struct scoped_task_options options = { .name = "task" };
    char before[16], meanwhile[16] = "", after[16];
    scoped_spawner inline_root;
    pthread_getname_np(pthread_self(), before, sizeof before);
    CU_ASSERT_FATAL(scoped_spawner_open(&inline_executor, &inline_root) == 0);
    CU_ASSERT(scoped_start_leaf(inline_root, &options, read_thread_name, meanwhile, NULL) == 0);
    CU_ASSERT(close_whatever(inline_root, soon()) == 0);
    pthread_getname_np(pthread_self(), after, sizeof after);
    CU_ASSERT_STRING_EQUAL(meanwhile, before);
    CU_ASSERT_STRING_EQUAL(after, before);
}

/* ---- copies of the process ---- */

static void use_in_copy(void)
{
    int fd;
    alarm(20);
    PROCSPAWN_CUNIT_EQUAL(scoped_task_join(object, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_task_wait_started_until(object, 0), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_task_fd(object, &fd), PROCSPAWN_ENOTOWNER);
    scoped_task_cancel(object);
    scoped_task_free(object);
    _exit(0);
}

static void a_copy_of_the_process_cannot_use_the_object(void)
{
    int status = -1;
    CU_ASSERT_FATAL(scoped_start_leaf(root, NULL, until_released, NULL, &object) == 0);
    CU_ASSERT(event_wait(started));
    pid_t pid = fork();
    if (pid == 0)
        use_in_copy();
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    event_happen(released);
    CU_ASSERT(scoped_task_join(object, NULL) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(joining_gives_status_and_result),
    TEST(a_task_that_leaves_nothing_has_the_result_null),
    TEST(joining_gives_up_at_a_point_in_time_and_can_be_repeated),
    TEST(a_task_that_is_gone_is_joined_at_a_point_that_has_passed),
    TEST(a_task_that_is_cancelled_says_so),
    TEST(a_task_that_has_ended_is_not_cancelled),
    TEST(freeing_an_object_leaves_its_task_alone),
    TEST(an_object_outlives_the_tree),
    TEST(a_joiner_that_is_cancelled_leaves_the_object_to_its_owner),
    TEST(a_joiner_that_is_only_asked_is_told_that_the_task_runs),
    TEST(the_answer_of_a_wait_that_is_not_over_is_no_status),
    TEST(a_task_cannot_join_itself),
    TEST(one_can_wait_until_a_task_tells_that_it_has_started),
    TEST(a_start_that_is_refused_calls_nothing),
    TEST(the_object_need_not_be_wanted),
    TEST(a_name_at_spawn_is_that_of_the_task_and_of_its_thread),
    TEST(a_thread_of_the_programs_keeps_its_name),
    TEST(a_copy_of_the_process_cannot_use_the_object),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("task", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
