/*
 * report_file_test.c - reports one behind the other: whole ones, and ones that are cut or broken
 */
#include "src/crash/report_file.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct backtrace trace, last;
static unsigned char bytes[REPORT_FILE_BYTES];
static size_t end_of[3];    /* of the first reports, in the bytes */

/* Three reports, with the process ids 1 to 3. */
static void begin(void)
{
    int fd = memfd_create("reports", MFD_CLOEXEC);

    CU_ASSERT_FATAL(fd >= 0);
    for (int i = 0; i < 3; i++) {
        crash__backtrace_init(&trace);
        trace.pid = i + 1;
        trace.reason = crash__backtrace_intern(&trace, "because", 100);
        CU_ASSERT_EQUAL(crash__report_file_add(&trace, fd), 0);
        end_of[i] = (size_t)lseek(fd, 0, SEEK_CUR);
    }
    CU_ASSERT_EQUAL_FATAL(pread(fd, bytes, sizeof bytes, 0), (ssize_t)end_of[2]);
    close(fd);
}

static void the_last_report_counts(void)
{
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, end_of[i], &last), 0);
        CU_ASSERT_EQUAL(last.pid, i + 1);
        CU_ASSERT_STRING_EQUAL(crash__backtrace_string(&last, last.reason), "because");
    }
}

static void a_report_that_is_cut_leaves_the_one_before(void)
{
    for (size_t size = 0; size < end_of[2]; size++) {
        int wanted = size >= end_of[1] ? 2 : size >= end_of[0] ? 1 : 0;

        if (wanted == 0) {
            CU_ASSERT_EQUAL(crash__report_file_last(bytes, size, &last), -EBADMSG);
            continue;
        }
        CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, size, &last), 0);
        CU_ASSERT_EQUAL(last.pid, wanted);
    }
}

static void a_broken_report_leaves_the_one_before(void)
{
    memset(bytes + end_of[1] + 4, 0xff, end_of[2] - end_of[1] - 4);
    CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, end_of[2], &last), 0);
    CU_ASSERT_EQUAL(last.pid, 2);
    memset(bytes + end_of[0], 0xff, end_of[2] - end_of[0]);
    CU_ASSERT_EQUAL_FATAL(crash__report_file_last(bytes, end_of[2], &last), 0);
    CU_ASSERT_EQUAL(last.pid, 1);
    memset(bytes, 0, end_of[2]);
    CU_ASSERT_EQUAL(crash__report_file_last(bytes, end_of[2], &last), -EBADMSG);
}

static void a_file_that_takes_no_more_is_an_error(void)
{
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    close(ends[1]);
    CU_ASSERT_EQUAL(crash__report_file_add(&trace, ends[0]), -EBADF);
    close(ends[0]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_last_report_counts),
    TEST(a_report_that_is_cut_leaves_the_one_before),
    TEST(a_broken_report_leaves_the_one_before),
    TEST(a_file_that_takes_no_more_is_an_error),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "report_file", .pTests = tests, .pSetUpFunc = begin },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
