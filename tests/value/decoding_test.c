/*
 * decoding_test.c - time limits hold against values that take long to decode
 */
#include "tests/support/call_helpers.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 1500000, TRIES = 10 };

/* Long enough to be decoded by a thread, and for that thread not to be ready at once. */
static json_t *many_numbers(json_t *argument)
{
    json_t *array = json_array();

    for (int i = 0; i < MANY; i++)
        json_array_append_new(array, json_integer(i));
    json_decref(argument);
    return array;
}

static void check_many(json_t *array)
{
    PROCSPAWN_CUNIT_EQUAL(json_array_size(array), MANY);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(array, MANY - 1)), MANY - 1);
    json_decref(array);
}

static procspawn_handle *answered(void)
{
    procspawn_handle *handle = calls_start(many_numbers, NULL);
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };

    while (poll(&fd, 1, -1) != 1)
        continue;
    return handle;
}

/* The kernel may give the other thread all the time of both: then the value is there at once. */
static void a_join_goes_when_its_time_is_up_and_the_result_comes_with_a_later_one(void)
{
    bool went = false;

    for (int i = 0; i < TRIES && !went; i++) {
        procspawn_handle *handle = answered();
        json_t *result = NULL;
        int rc = procspawn_join_timeout(handle, 0, &result, NULL);
        went = rc == -ETIMEDOUT;
        if (went) {
            CU_ASSERT(!result);
            rc = procspawn_join(handle, &result, NULL);
        }
        PROCSPAWN_CUNIT_EQUAL(rc, 0);
        check_many(result);
        procspawn_handle_free(handle);
    }
    CU_ASSERT(went);
}

static void a_join_without_an_end_in_sight_can_be_repeated(void)
{
    procspawn_handle *handle = answered();
    json_t *result = NULL;
    int rc;

    while ((rc = procspawn_join_timeout(handle, CALLS_SECOND / 1000, &result, NULL)) == -ETIMEDOUT)
        CU_ASSERT(!result);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    check_many(result);
    procspawn_handle_free(handle);
}

static void a_handle_may_be_freed_meanwhile(void)
{
    procspawn_handle *handle = answered();

    procspawn_join_timeout(handle, 0, NULL, NULL);
    procspawn_handle_free(handle);
}

static void a_copy_of_the_program_leaves_the_decoding_alone(void)
{
    procspawn_handle *handle = answered();
    json_t *result = NULL;
    int status = -1;

    int rc = procspawn_join_timeout(handle, 0, &result, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        bool refused = procspawn_join(handle, &result, NULL) == PROCSPAWN_ENOTOWNER;
        procspawn_handle_free(handle);
        _exit(refused ? 0 : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    if (rc == -ETIMEDOUT)
        rc = procspawn_join(handle, &result, NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    check_many(result);
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_join_goes_when_its_time_is_up_and_the_result_comes_with_a_later_one),
    TEST(a_join_without_an_end_in_sight_can_be_repeated),
    TEST(a_handle_may_be_freed_meanwhile),
    TEST(a_copy_of_the_program_leaves_the_decoding_alone),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "decoding", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    procspawn_cunit_setup(values_begin);
    procspawn_cunit_teardown(values_end);
    return procspawn_cunit_run(suites, argc, argv);
}
