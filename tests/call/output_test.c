/*
 * output_test.c - captured output of calls in processes of their own
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/channel.h>
#include <forkscope/output.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 64 * 1024 };

/* ---- what the tests share ---- */

static procspawn_handle *start(size_t limit, bool merged, procspawn_function *function,
                               json_t *argument)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, limit, merged);
    procspawn_handle *handle = calls_build(builder, function, argument);
    procspawn_builder_free(builder);
    return handle;
}

static struct procspawn_output out_of(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), 0);
    CU_ASSERT(output.data[output.size] == '\0');
    return output;
}

static struct procspawn_output err_of(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), 0);
    CU_ASSERT(output.data[output.size] == '\0');
    return output;
}

static void join(procspawn_handle *handle, int wanted)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), wanted);
}

static bool ends_with(struct procspawn_output output, const char *text)
{
    size_t length = strlen(text);

    return output.size >= length && strcmp(output.data + output.size - length, text) == 0;
}

/* The first captured call starts the collector, which then stays. */
static void begin(void)
{
    calls_begin();
    procspawn_handle *handle = start(1, false, calls_echo, NULL);
    join(handle, 0);
    out_of(handle);
    procspawn_handle_free(handle);
}

/* ---- what is captured ---- */

static json_t *say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return json_null();
}

static void stdout_and_stderr_of_a_call_are_kept_apart(void)
{
    procspawn_handle *handle = start(LIMIT, false, say, json_string("this"));

    join(handle, 0);
    struct procspawn_output out = out_of(handle), err = err_of(handle);
    CU_ASSERT_STRING_EQUAL(out.data, "this");
    CU_ASSERT_STRING_EQUAL(err.data, "not this");
    PROCSPAWN_CUNIT_EQUAL((long)out.total, 4);
    CU_ASSERT(!out.truncated && !err.truncated);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdout(handle), -1);
    procspawn_handle_free(handle);
}

static void a_call_that_prints_nothing_has_empty_output(void)
{
    procspawn_handle *handle = start(LIMIT, false, calls_echo, NULL);

    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "");
    PROCSPAWN_CUNIT_EQUAL((long)err_of(handle).total, 0);
    procspawn_handle_free(handle);
}

static void without_capture_there_is_no_output(void)
{
    struct procspawn_output output;
    procspawn_handle *handle = calls_start(calls_echo, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), -ENODATA);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), -ENODATA);
    join(handle, 0);
    procspawn_handle_free(handle);
}

static json_t *say_in_turn(json_t *argument)
{
    for (int i = 0; i < 3; i++) {
        printf("out %d\n", i);
        fprintf(stderr, "err %d\n", i);
    }
    return json_incref(argument);
}

static void merged_streams_keep_the_order_of_printing(void)
{
    procspawn_handle *handle = start(LIMIT, true, say_in_turn, json_null());

    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n");
    CU_ASSERT_STRING_EQUAL(err_of(handle).data, "");
    procspawn_handle_free(handle);
}

static json_t *say_and_wait(json_t *receiver)
{
    procspawn_receiver *gate = NULL;

    if (procspawn_value_claim_receiver(receiver, &gate) < 0)
        return NULL;
    puts("begun");
    json_t *word = NULL;
    procspawn_receiver_recv(gate, &word);
    json_decref(word);
    puts("ended");
    procspawn_receiver_free(gate);
    return json_null();
}

static void it_can_be_read_while_the_call_runs(void)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;
    procspawn_sender *sender;
    procspawn_receiver *receiver;

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    procspawn_handle *handle = start(LIMIT, false, say_and_wait,
                                     procspawn_value_receiver(receiver));
    procspawn_receiver_free(receiver);
    while (out_of(handle).total == 0 && calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "begun\n");
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, json_null()), 0);
    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "begun\nended\n");
    procspawn_sender_free(sender);
    procspawn_handle_free(handle);
}

/* ---- how calls end ---- */

static json_t *say_and_crash(json_t *argument)
{
    for (int i = 0; i < 1000; i++)
        printf("line %d of many\n", i);
    abort();
    return argument;
}

static void the_lines_before_a_crash_are_there(void)
{
    procspawn_handle *handle = start(100, false, say_and_crash, NULL);

    join(handle, PROCSPAWN_ECALL);
    struct procspawn_output output = out_of(handle);
    CU_ASSERT(output.truncated);
    CU_ASSERT(strncmp(output.data, "line 0 of many\n", 15) == 0);
    CU_ASSERT(ends_with(output, "line 998 of many\nline 999 of many\n"));
    procspawn_handle_free(handle);
}

static json_t *say_and_fail(json_t *argument)
{
    printf("no line");
    return argument ? NULL : argument;
}

static void a_failed_call_has_its_output(void)
{
    procspawn_handle *handle = start(LIMIT, false, say_and_fail, NULL);

    join(handle, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "no line");
    procspawn_handle_free(handle);
}

static json_t *say_and_exit(json_t *argument)
{
    printf("no line");
    exit(json_integer_value(argument) == 0);
}

static void a_call_that_exits_has_its_output(void)
{
    procspawn_handle *handle = start(LIMIT, false, say_and_exit, NULL);

    join(handle, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "no line");
    procspawn_handle_free(handle);
}

/* ---- bounds ---- */

/* Returns whether all could be written. */
static json_t *write_much(json_t *count)
{
    char piece[1000];

    memset(piece, 'x', sizeof piece);
    for (json_int_t i = 0; i < json_integer_value(count); i++) {
        if (write(STDOUT_FILENO, piece, sizeof piece) != (ssize_t)sizeof piece)
            return json_false();
    }
    return json_true();
}

/* Nobody reads meanwhile: no thread waits for the call. */
static void a_call_never_waits_for_a_reader(void)
{
    procspawn_handle *handle = start(LIMIT, false, write_much, json_integer(5000));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0);
    struct procspawn_output output = out_of(handle);
    PROCSPAWN_CUNIT_EQUAL((long)output.total, 5000000);
    CU_ASSERT(output.truncated);
    CU_ASSERT(output.size >= LIMIT && output.size <= LIMIT + 64);
    CU_ASSERT(strstr(output.data, "[... 4934464 bytes are missing ...]\n") != NULL);
    join(handle, 0);
    procspawn_handle_free(handle);
}

static void a_limit_of_one_byte_keeps_the_last_one(void)
{
    procspawn_handle *handle = start(1, false, say, json_string("abc"));

    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "[... 2 bytes are missing ...]\nc");
    procspawn_handle_free(handle);
}

static json_t *write_for_ever(json_t *argument)
{
    for (;;)
        json_decref(write_much(json_integer(1000)));
    return argument;
}

static void a_call_that_prints_for_ever_meets_its_limit(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, LIMIT, false);
    procspawn_builder_total_limit(builder, 300 * CALLS_MS);
    procspawn_handle *handle = calls_build(builder, write_for_ever, NULL);
    procspawn_builder_free(builder);
    while (out_of(handle).total < 10 * LIMIT)
        poll(NULL, 0, 1);
    join(handle, PROCSPAWN_ECALL);
    struct procspawn_output output = out_of(handle);
    CU_ASSERT(output.truncated && output.size <= LIMIT + 64);
    procspawn_handle_free(handle);
}

/* The limit for files is no signal for this program, and no loss for the call. */
static void the_limit_for_files_bounds_it_too(void)
{
    struct rlimit before, small;

    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = (struct rlimit){ 300, before.rlim_max };
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &small) == 0);
    procspawn_handle *handle = start(LIMIT, false, write_much, json_integer(5));
    CU_ASSERT(setrlimit(RLIMIT_FSIZE, &before) == 0);
    join(handle, 0);
    struct procspawn_output output = out_of(handle);
    CU_ASSERT(output.truncated && output.size < 300);
    PROCSPAWN_CUNIT_EQUAL((long)output.total, 5000);
    procspawn_handle_free(handle);
}

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
        handles[i] = start(LIMIT, false, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(pipes_and_memory(), before);
    for (int i = 0; i < CALLS; i++) {
        procspawn_kill(handles[i]);
        join(handles[i], PROCSPAWN_ECALL);
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
    procspawn_handle *handle = start(LIMIT, false, abuse, json_null());
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT(json_is_true(result));
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "still here");
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
    procspawn_handle *handle = start(LIMIT, false, close_both, json_null());

    join(handle, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "before");
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
    procspawn_handle *handle = start(LIMIT, false, pass_on, NULL);
    json_t *result = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "mine");
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
    stdout_and_stderr_of_a_call_are_kept_apart();
}

static json_t *capture_nested(json_t *argument)
{
    procspawn_handle *handle = start(LIMIT, false, say, json_incref(argument));
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
    procspawn_handle *handle = start(LIMIT, false, say, json_string("this"));
    struct procspawn_output output;
    int status = 0;

    join(handle, 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool right = procspawn_captured_stdout(handle, &output) == PROCSPAWN_ENOTOWNER;
        procspawn_handle_free(handle);
        _exit(right ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    CU_ASSERT_STRING_EQUAL(out_of(handle).data, "this");
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo output_tests[] = {
    TEST(stdout_and_stderr_of_a_call_are_kept_apart),
    TEST(a_call_that_prints_nothing_has_empty_output),
    TEST(without_capture_there_is_no_output),
    TEST(merged_streams_keep_the_order_of_printing),
    TEST(it_can_be_read_while_the_call_runs),
    TEST(the_lines_before_a_crash_are_there),
    TEST(a_failed_call_has_its_output),
    TEST(a_call_that_exits_has_its_output),
    TEST(a_call_never_waits_for_a_reader),
    TEST(a_limit_of_one_byte_keeps_the_last_one),
    TEST(a_call_that_prints_for_ever_meets_its_limit),
    TEST(the_limit_for_files_bounds_it_too),
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
    { .pName = "output", .pSetUpFunc = begin, .pTearDownFunc = calls_end, .pTests = output_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
