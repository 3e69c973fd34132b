/*
 * replaced_fds_test.c - a program opens files of its own by the numbers of what a call waits with
 *
 * A call of a set or of a pool can wait for a child or a worker, with descriptors of its own.
 */
#include "src/call/builder.h"
#include "src/call/caller_state.h"
#include "src/call/capture.h"
#include "src/call/collector.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/wire/frame.h"
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/output.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int null, ends[2];

static void open_ends(void)
{
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    CU_ASSERT_FATAL(null >= 0 && wire__pair(ends) == 0);
}

static void close_ends(void)
{
    close(null);
    close(ends[0]);
    close(ends[1]);
}

/* The program's file takes the number. */
static void replace(int fd)
{
    CU_ASSERT_FATAL(fd > STDERR_FILENO && dup2(null, fd) == fd);
}

static void check_is_the_program_s(int fd)
{
    struct stat one, two;

    CU_ASSERT(fstat(fd, &one) == 0 && fstat(null, &two) == 0 && one.st_ino == two.st_ino);
    close(fd);
}

/* All that a call of a process may have: its directory, input, captured output. */
static void make_captured(struct procspawn__request *request)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn__request_init(request);
    procspawn_builder_capture(builder, 1000, false);
    builder->input = "input";
    builder->input_size = strlen(builder->input);
    PROCSPAWN_CUNIT_EQUAL(procspawn__caller_state_describe(request, builder), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__streams_open(request, builder), 0);
    builder->input = NULL;
    procspawn_builder_free(builder);
}

static void make_piped(struct procspawn__request *request)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn__request_init(request);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_PIPE, -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn__caller_state_describe(request, builder), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__streams_open(request, builder), 0);
    procspawn_builder_free(builder);
}

static void check_not_sent(void (*make)(struct procspawn__request *request), int which)
{
    struct procspawn__request request;

    make(&request);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_argument(&request, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_seal(&request), 0);
    const int fds[] = { request.stdio[0], request.stdio[1], request.stdio[2], request.cwd };
    replace(fds[which]);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_send(&request, ends[0]), -EBADF);
    procspawn__request_fini(&request);
    check_is_the_program_s(fds[which]);
}

static void a_call_is_not_sent_with_a_file_of_the_program(void)
{
    unsigned before = calls_descriptors();
    int home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    open_ends();
    CU_ASSERT_FATAL(home >= 0 && chdir("/proc") == 0);
    for (int which = 0; which < 4; which++) {
        check_not_sent(make_captured, which);
        check_not_sent(make_piped, which);
    }
    CU_ASSERT(fchdir(home) == 0);
    close(home);
    close_ends();
    CU_ASSERT(calls_descriptors() == before);
}

/* It was sent: the child's ends are closed. */
static void what_is_left_of_a_captured_call_closes_no_file_of_the_program(void)
{
    struct procspawn__request request;

    open_ends();
    make_captured(&request);
    const int fds[] = { request.stdio[1], request.stdio[2] };
    replace(fds[0]);
    replace(fds[1]);
    procspawn__capture_drop(procspawn__streams_captured(&request));
    check_is_the_program_s(fds[0]);
    check_is_the_program_s(fds[1]);
    procspawn__request_fini(&request);
    close_ends();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_call_is_not_sent_with_a_file_of_the_program),
    TEST(what_is_left_of_a_captured_call_closes_no_file_of_the_program),
    CU_TEST_INFO_NULL,
};

static void begin(void)
{
    calls_begin();
    /* Its socket is opened before descriptors are counted. */
    PROCSPAWN_CUNIT_EQUAL(procspawn__collector_start(INT64_MAX), 0);
}

static CU_SuiteInfo suites[] = {
    { .pName = "replaced descriptors", .pSetUpFunc = begin, .pTearDownFunc = calls_end,
      .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
