/*
 * hostile_test.c - workers that send malformed messages lose their own call and no other
 */
#include "src/child/reply.h"
#include "src/wire/protocol.h"
#include "tests/support/bad_workers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/raw_messages.h"

#include <forkscope/output.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what workers do ---- */

/* From now on it cannot take the streams of a call. */
static json_t *give_up_descriptors(json_t *null)
{
    const struct rlimit none = { 0, 0 };

    (void)null;
    return json_boolean(setrlimit(RLIMIT_NOFILE, &none) == 0);
}

/*
 * From now on it does not know whom it is called by. The kernel refuses this to the thread
 * sanitizer's processes, which have a second thread; these spoil themselves in the other way.
 */
static json_t *enter_user_namespace(json_t *null)
{
    if (unshare(CLONE_NEWUSER) < 0)
        return give_up_descriptors(null);
    return json_true();
}

/* Makes the file one byte longer, says that it cannot begin, and ends. */
static json_t *pretend_to_be_spoilt(json_t *path)
{
    int fd = open(json_string_value(path), O_WRONLY | O_APPEND);

    if (write(fd, "", 1) != 1)
        return NULL;
    procspawn__reply.keep_alive = false;
    procspawn__reply_failure(WIRE_FAILURE_SETUP, EPERM, "nothing was begun");
    _exit(1);
}

/* ---- what it costs ---- */

static procspawn_pool *make_capturing_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_builder_capture(procspawn_pool_builder_process(builder), 1 << 20, false);
    return pool_build(builder);
}

static void it_costs_no_other_call_to_spoil_a_worker(void)
{
    static procspawn_function *const spoil[] = { enter_user_namespace, give_up_descriptors };

    for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++) {
        procspawn_pool *pool = make_capturing_pool();
        for (int k = 0; k < 3; k++) {
            json_decref(calls_result(pool_start(pool, spoil[i], NULL)));
            PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
            PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 2);
        }
        procspawn_pool_free(pool);
    }
}

static void who_pretends_so_is_not_sent_for_ever(void)
{
    enum { WORKERS = 2 };
    procspawn_pool *pool = pool_make(WORKERS);
    procspawn_error *error = NULL;
    char path[] = "/tmp/forkscope-spoilt-XXXXXX";
    int fd = mkstemp(path);
    int rc = -ETIMEDOUT;

    for (int i = 0; i < 2 * WORKERS; i++)
        pool_number(pool, pool_count, NULL);
    procspawn_handle *handle = pool_start(pool, pretend_to_be_spoilt, json_string(path));
    while (rc == -ETIMEDOUT) {
        pool_number(pool, pool_count, NULL);
        rc = procspawn_join_timeout(handle, 0, NULL, &error);
    }
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    off_t runs = lseek(fd, 0, SEEK_END);
    CU_ASSERT(runs > 0 && runs <= WORKERS + 1);
    close(fd);
    unlink(path);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* It has been given what cannot be sent again. */
static void a_spoilt_worker_costs_a_call_with_descriptors_alone(void)
{
    procspawn_pool *pool = make_capturing_pool();

    json_decref(calls_result(pool_start(pool, give_up_descriptors, NULL)));
    procspawn_handle *handle = pool_start(pool, calls_echo, procspawn_value_fd(STDIN_FILENO));
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

/* A look at its channel begins behind what is there. */
static json_t *hide_what_is_unread(json_t *null)
{
    int far = 1 << 20;

    (void)null;
    return json_integer(setsockopt(raw_channel(), SOL_SOCKET, SO_PEEK_OFF, &far, sizeof far) == 0
                            ? getpid() : 0);
}

static void a_call_that_was_not_read_is_found_wherever_the_worker_looked(void)
{
    procspawn_pool *pool = pool_make(1);
    pid_t pid = (pid_t)pool_number(pool, hide_what_is_unread, NULL);

    CU_ASSERT_FATAL(pid > 0);
    kill(pid, SIGSTOP);
    procspawn_handle *handle = pool_start(pool, calls_echo, json_integer(5));
    PROCSPAWN_CUNIT_EQUAL(kill(pid, SIGKILL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
    procspawn_pool_free(pool);
}

static void await_readable(int fd)
{
    PROCSPAWN_CUNIT_EQUAL(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20000), 1);
}

/* The worker is not listened to until the call is joined: the channel is full by then, and its death
 * can only be told when there is room. */
static void bad_messages_cost_one_call(void)
{
    procspawn_pool *pool = pool_make(1);

    for (json_int_t words = BROKEN; words < LATE_ANSWER; words++) {
        pid_t pid = (pid_t)pool_number(pool, calls_pid, NULL);
        procspawn_handle *bad = pool_start(pool, bad_say_for_ever, json_integer(words));
        poll(NULL, 0, 20);
        calls_check_error(calls_error(bad), PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
        CU_ASSERT(pool_await_death(pid));
    }
    procspawn_pool_free(pool);
}

/* The same for calls that are watched, dropped, or waited for with the pool. */
static void bad_messages_cost_one_call_whoever_waits(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *watched = pool_start(pool, bad_say_for_ever, json_integer(BROKEN));

    await_readable(procspawn_fd(watched));
    calls_check_error(calls_error(watched), PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
    procspawn_handle_free(pool_start(pool, bad_say_for_ever, json_integer(BROKEN)));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_handle *left = pool_start(pool, bad_say_for_ever, json_integer(SENSELESS));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 20 * CALLS_SECOND), 0);
    calls_check_error(calls_error(left), PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
    procspawn_pool_free(pool);
}

static void what_strangers_say_costs_nothing(void)
{
    procspawn_pool *pool = pool_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (json_int_t words = BROKEN; words < WORDS; words++)
        json_decref(calls_result(pool_start(pool, bad_leave_a_stranger, json_integer(words))));
    for (int i = 0; i < 50; i++) {
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(i)), i);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_SECOND), 0);
}

static void late_answers_are_no_ones(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *bad = pool_start(pool, bad_say_for_ever, json_integer(LATE_ANSWER));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(bad, 200 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(bad), 0);
    calls_check_error(calls_error(bad), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo cost_tests[] = {
    TEST(bad_messages_cost_one_call),
    TEST(bad_messages_cost_one_call_whoever_waits),
    TEST(what_strangers_say_costs_nothing),
    TEST(late_answers_are_no_ones),
    TEST(it_costs_no_other_call_to_spoil_a_worker),
    TEST(who_pretends_so_is_not_sent_for_ever),
    TEST(a_spoilt_worker_costs_a_call_with_descriptors_alone),
    TEST(a_call_that_was_not_read_is_found_wherever_the_worker_looked),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("costs", cost_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
