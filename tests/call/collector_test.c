/*
 * collector_test.c - the process that reads captured output, and functions that try to harm it
 */
#include "tests/support/output_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- descriptors ---- */

/* How many descriptors of this program are pipes or memory? */
static unsigned pipes_and_memory(void)
{
    unsigned count = 0;
    char path[64], target[64];

    for (int fd = 0; fd < 256; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        count += strncmp(target, "pipe:", 5) == 0 || strncmp(target, "/memfd:", 7) == 0;
    }
    return count;
}

static void captured_calls_take_no_descriptors_of_this_program(void)
{
    enum { CALLS = 8 };
    procspawn_handle *handles[CALLS];
    unsigned before = pipes_and_memory();

    for (int i = 0; i < CALLS; i++)
        handles[i] = output_start(OUTPUT_LIMIT, false, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(pipes_and_memory(), before);
    for (int i = 0; i < CALLS; i++) {
        procspawn_kill(handles[i]);
        output_join(handles[i], PROCSPAWN_ECALL);
        procspawn_handle_free(handles[i]);
    }
    PROCSPAWN_CUNIT_EQUAL(pipes_and_memory(), before);
}

/* ---- hostile functions ---- */

/* Returns whether anything worked that must not. */
static json_t *abuse(json_t *argument)
{
    char byte;
    bool worked = lseek(STDOUT_FILENO, 0, SEEK_SET) >= 0;

    worked |= ftruncate(STDOUT_FILENO, 1 << 30) == 0;
    worked |= fallocate(STDOUT_FILENO, 0, 0, 1 << 30) == 0;
    worked |= mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, STDOUT_FILENO, 0) != MAP_FAILED;
    worked |= pread(STDOUT_FILENO, &byte, 1, 0) >= 0;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 4096);
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    printf("still here");
    return json_boolean(!worked && argument);
}

static void a_function_can_only_add_to_its_output(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, abuse, json_null());
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT(json_is_true(result));
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "still here");
    json_decref(result);
    procspawn_handle_free(handle);
}

static json_t *close_both(json_t *argument)
{
    printf("before");
    fflush(stdout);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return json_incref(argument);
}

static void a_function_may_close_its_streams(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, close_both, json_null());

    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "before");
    procspawn_handle_free(handle);
}

static json_t *pass_on(json_t *argument)
{
    (void)argument;
    printf("mine");
    return procspawn_value_fd(STDOUT_FILENO);
}

/* The descriptor outlives the process; what is written to it later is nobody's. */
static void a_passed_on_stream_holds_up_nothing(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, pass_on, NULL);
    json_t *result = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "mine");
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(result, &fd), 0);
    json_decref(result);
    procspawn_handle_free(handle);
    signal(SIGPIPE, SIG_IGN);
    struct pollfd broken = { .fd = fd, .events = 0 };
    PROCSPAWN_CUNIT_EQUAL(poll(&broken, 1, 20000), 1);
    CU_ASSERT(write(fd, "late", 4) < 0 && errno == EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(fd);
}

/* ---- the collector ---- */

static void the_next_call_starts_a_collector_when_there_is_none(void)
{
    struct calls_tree tree;
    bool found = false;

    calls_tree_open(&tree, getpid());
    for (unsigned i = 0; i < tree.count; i++) {
        char path[64], name[32] = "";
        snprintf(path, sizeof path, "/proc/%d/comm", (int)tree.pid[i]);
        FILE *file = fopen(path, "re");
        if (file && fgets(name, sizeof name, file) && strcmp(name, "forkscope-out\n") == 0) {
            kill(tree.pid[i], SIGKILL);
            found = true;
            struct pollfd gone = { .fd = tree.fd[i], .events = POLLIN };
            poll(&gone, 1, 20000);
        }
        if (file)
            fclose(file);
    }
    calls_tree_close(&tree);
    CU_ASSERT(found);
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, output_say, json_string("this"));
    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "this");
    CU_ASSERT_STRING_EQUAL(output_of_stderr(handle).data, "not this");
    procspawn_handle_free(handle);
}

static json_t *capture_nested(json_t *argument)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, output_say, json_incref(argument));
    struct procspawn_output output = { .data = "" };

    procspawn_join(handle, NULL, NULL);
    procspawn_captured_stdout(handle, &output);
    json_t *text = json_string(output.data);
    procspawn_handle_free(handle);
    return text;
}

static void a_child_captures_its_own_calls(void)
{
    procspawn_handle *handle = calls_start(capture_nested, json_string("nested"));

    calls_check_text(calls_result(handle), "nested");
}

static void a_forked_process_has_no_output(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, output_say, json_string("this"));
    struct procspawn_output output;
    int status = 0;

    output_join(handle, 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool right = procspawn_captured_stdout(handle, &output) == PROCSPAWN_ENOTOWNER;
        procspawn_handle_free(handle);
        _exit(right ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "this");
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo collector_tests[] = {
    TEST(captured_calls_take_no_descriptors_of_this_program),
    TEST(a_function_can_only_add_to_its_output),
    TEST(a_function_may_close_its_streams),
    TEST(a_passed_on_stream_holds_up_nothing),
    TEST(the_next_call_starts_a_collector_when_there_is_none),
    TEST(a_child_captures_its_own_calls),
    TEST(a_forked_process_has_no_output),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "collector", .pSetUpFunc = output_begin, .pTearDownFunc = calls_end,
      .pTests = collector_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
