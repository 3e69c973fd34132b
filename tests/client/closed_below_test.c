/*
 * closed_below_test.c - called functions that close all descriptors
 */
#include "tests/support/call_helpers.h"

#include <fcntl.h>
#include <forkscope/pool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALL = 256 };

static void close_all(void)
{
    for (int fd = 0; fd < ALL; fd++)
        close(fd);
}

static json_t *closes_all(json_t *argument)
{
    close_all();
    return json_incref(argument);
}

/* Has files of its own by the numbers then. */
static json_t *closes_all_and_opens_files(json_t *argument)
{
    close_all();
    for (int fd = 0; fd < ALL / 2; fd++) {
        if (open("/dev/null", O_RDWR) < 0)
            return NULL;
    }
    return json_incref(argument);
}

/* The answer goes to no other socket either: these are for streams, and not connected. */
static json_t *closes_all_and_opens_sockets(json_t *argument)
{
    close_all();
    for (int fd = 0; fd < ALL / 2; fd++) {
        if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
            return NULL;
    }
    return json_incref(argument);
}

static json_t *closes_all_and_panics(json_t *unused)
{
    (void)unused;
    close_all();
    procspawn_panic("with no channel");
}

static json_t *closes_all_and_calls(json_t *argument)
{
    procspawn_handle *handle = NULL;

    close_all();
    if (procspawn(calls_echo, argument, &handle) == 0)
        procspawn_handle_free(handle);
    return json_incref(argument);
}

static procspawn_function *const functions[] = {
    closes_all, closes_all_and_opens_files, closes_all_and_opens_sockets, closes_all_and_panics,
    closes_all_and_calls,
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static void check_told(procspawn_handle *handle)
{
    procspawn_error *error = calls_error(handle);

    CU_ASSERT(strstr(procspawn_error_message(error), "closed the descriptors") != NULL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
}

static void a_call_says_that_its_channel_was_closed(void)
{
    for (int i = 0; i < FUNCTIONS; i++)
        check_told(calls_start(functions[i], NULL));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
}

static void a_worker_that_has_closed_its_channel_is_replaced(void)
{
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;
    json_t *value = json_integer(2);

    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    for (int i = 0; i < FUNCTIONS; i++) {
        CU_ASSERT_FATAL(procspawn_pool_spawn(pool, functions[i], NULL, &handle) == 0);
        check_told(handle);
        CU_ASSERT_FATAL(procspawn_pool_spawn(pool, calls_echo, value, &handle) == 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 2);
    }
    procspawn_pool_free(pool);
    json_decref(value);
}

static CU_TestInfo tests[] = {
    { "a_call_says_that_its_channel_was_closed", a_call_says_that_its_channel_was_closed },
    { "a_worker_that_has_closed_its_channel_is_replaced",
      a_worker_that_has_closed_its_channel_is_replaced },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("closed below", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
