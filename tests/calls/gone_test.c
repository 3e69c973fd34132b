/*
 * gone_test.c - a result is given when its process is gone, also if descriptors are short meanwhile
 */
#include "tests/support/call_helpers.h"
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MUCH = 256 << 20, TIMES = 3, TEN_SECONDS = 10000 };

/* The process ends some milliseconds after its answer: much memory is to be given back. */
static json_t *give_pid_and_end_late(json_t *unused)
{
    (void)unused;
    char *much = malloc(MUCH);
    if (much)
        memset(much, 1, MUCH);
    return json_integer(getpid());
}

static void check_gone(struct procspawn_result *result)
{
    pid_t pid = (pid_t)json_integer_value(result->value);

    CU_ASSERT(result->error == NULL && pid > 0);
    CU_ASSERT(pid > 0 && kill(pid, 0) < 0 && errno == ESRCH);
    procspawn_result_fini(result);
}

static void receive_answer(procspawn_handle *handle)
{
    struct pollfd polled = { .fd = procspawn_fd(handle), .events = POLLIN };

    PROCSPAWN_CUNIT_EQUAL(poll(&polled, 1, TEN_SECONDS), 1);
    procspawn_wait_timeout(handle, 0, NULL);
}

/* A wait of a task needs a descriptor, by which it is told of a cancel. There is none. */
static int finish_without_descriptors(scoped_spawner unused, void *handle)
{
    struct procspawn_result result = { 0 };
    struct room room;

    (void)unused;
    room_fill(&room);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, -1, &result), 0);
    check_gone(&result);
    room_end(&room);
    return 0;
}

struct patience {
    procspawn_handle *handle;
    int word;                   /* what the function waits for is written here */
};

static json_t *give_pid_at_a_word(json_t *pipe_end)
{
    char word;
    int fd;

    if (procspawn_value_claim_fd(pipe_end, &fd) < 0 || read(fd, &word, 1) != 1)
        return procspawn_fail("no word");
    close(fd);
    return json_integer(getpid());
}

/* The descriptors come back when the caller has lost its patience. */
static int finish_without_patience(scoped_spawner unused, void *arg)
{
    struct patience *patience = arg;
    struct procspawn_result result = { 0 };
    struct room room;

    (void)unused;
    room_fill(&room);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(patience->handle, FORKSCOPE_MS, &result), -ETIMEDOUT);
    room_end(&room);
    CU_ASSERT(write(patience->word, "", 1) == 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(patience->handle, -1, &result), 0);
    check_gone(&result);
    return 0;
}

static procspawn_handle *start_and_receive(void)
{
    procspawn_handle *handle = NULL;

    CU_ASSERT_FATAL(procspawn_start(NULL, give_pid_and_end_late, NULL, &handle) == 0);
    receive_answer(handle);
    return handle;
}

static void no_process_outlives_its_result_for_want_of_descriptors(void)
{
    for (int i = 0; i < TIMES; i++)
        PROCSPAWN_CUNIT_EQUAL(
            scoped_run(NULL, finish_without_descriptors, start_and_receive(), NULL), 0);
}

static void a_result_is_not_lost_when_patience_ends_in_a_shortage(void)
{
    struct procspawn_call_options options = { .take_argument = true };
    struct patience patience;
    int ends[2];

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    patience.word = ends[1];
    CU_ASSERT_FATAL(procspawn_start(&options, give_pid_at_a_word, procspawn_value_fd_take(ends[0]),
                                    &patience.handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_run(NULL, finish_without_patience, &patience, NULL), 0);
    close(ends[1]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(no_process_outlives_its_result_for_want_of_descriptors),
    TEST(a_result_is_not_lost_when_patience_ends_in_a_shortage),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("gone", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
