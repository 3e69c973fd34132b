/*
 * backoff_test.c - after which pause a worker is started again, and which failures count
 */
#include "src/base/clock.h"
#include "src/pool/backoff.h"

#include <errno.h>
#include <forkscope/cunit.h>

enum { MS = 1000000 };

/* Time on a clock that has run for a while. */
static const int64_t some_time = 1000 * BASE_SECOND;

static void pauses_double_up_to_a_second(void)
{
    static const int64_t expected[] = { 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };
    struct procspawn__backoff backoff = { 0 };
    int64_t now = some_time;

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        CU_ASSERT(procspawn__backoff_failed(&backoff, now));
        CU_ASSERT_EQUAL(backoff.retry_at - now, expected[i] * MS);
        CU_ASSERT_EQUAL(backoff.failures, i + 1);
        now = backoff.retry_at;
    }
}

static void failures_before_the_next_attempt_count_once(void)
{
    struct procspawn__backoff backoff = { 0 };

    CU_ASSERT(procspawn__backoff_failed(&backoff, some_time));
    for (int i = 0; i < 100; i++)
        CU_ASSERT_FALSE(procspawn__backoff_failed(&backoff, some_time + 9 * MS));
    CU_ASSERT_EQUAL(backoff.failures, 1);
    CU_ASSERT_EQUAL(backoff.retry_at, some_time + 10 * MS);
    CU_ASSERT(procspawn__backoff_failed(&backoff, some_time + 10 * MS));
    CU_ASSERT_EQUAL(backoff.failures, 2);
}

static void failures_of_long_ago_are_in_no_row(void)
{
    struct procspawn__backoff backoff = { .failures = 9, .retry_at = some_time };

    CU_ASSERT(procspawn__backoff_failed(&backoff, some_time + 10 * BASE_SECOND));
    CU_ASSERT_EQUAL(backoff.failures, 10);
    backoff = (struct procspawn__backoff){ .failures = 9, .retry_at = some_time };
    CU_ASSERT(procspawn__backoff_failed(&backoff, some_time + 10 * BASE_SECOND + 1));
    CU_ASSERT_EQUAL(backoff.failures, 1);
    CU_ASSERT_EQUAL(backoff.retry_at, some_time + 10 * BASE_SECOND + 1 + 10 * MS);
}

static void an_answered_call_ends_the_row(void)
{
    struct procspawn__backoff backoff = { .failures = 9, .retry_at = some_time };

    procspawn__backoff_answered(&backoff);
    CU_ASSERT(procspawn__backoff_failed(&backoff, some_time));
    CU_ASSERT_EQUAL(backoff.failures, 1);
}

static void spares_that_died_while_they_waited_are_no_failed_starts(void)
{
    enum { SPARES = 4, SURPLUS = 32 };
    struct procspawn__backoff backoff = { 0 };

    for (int i = 0; i < SPARES + SURPLUS; i++)
        CU_ASSERT_FALSE(procspawn__backoff_unread(&backoff, SPARES));
    CU_ASSERT(procspawn__backoff_unread(&backoff, SPARES));
    procspawn__backoff_ready(&backoff);
    CU_ASSERT_FALSE(procspawn__backoff_unread(&backoff, SPARES));
    CU_ASSERT_EQUAL(backoff.failures, 0);
}

static void a_shortage_is_waited_out_and_is_no_failure(void)
{
    static const int64_t expected[] = { 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };
    struct procspawn__backoff backoff = { 0 };
    int64_t now = some_time;

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        procspawn__backoff_put_off(&backoff, -EMFILE, now);
        CU_ASSERT_EQUAL(backoff.retry_at - now, expected[i] * MS);
        now = backoff.retry_at;
    }
    CU_ASSERT_EQUAL(backoff.shortage, -EMFILE);
    CU_ASSERT_EQUAL(backoff.failures, 0);
    procspawn__backoff_started(&backoff);
    CU_ASSERT_EQUAL(backoff.shortage, 0);
    procspawn__backoff_put_off(&backoff, -ENOMEM, now);
    CU_ASSERT_EQUAL(backoff.retry_at - now, 10 * MS);
}

static void a_full_socket_and_a_shortage_may_pass(void)
{
    CU_ASSERT(procspawn__may_pass(-EAGAIN));
    CU_ASSERT(procspawn__may_pass(-EMFILE));
    CU_ASSERT(procspawn__may_pass(-ENOMEM));
    CU_ASSERT_FALSE(procspawn__may_pass(0));
    CU_ASSERT_FALSE(procspawn__may_pass(-EPIPE));
    CU_ASSERT_FALSE(procspawn__may_pass(-EBADF));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(pauses_double_up_to_a_second),
    TEST(failures_before_the_next_attempt_count_once),
    TEST(failures_of_long_ago_are_in_no_row),
    TEST(an_answered_call_ends_the_row),
    TEST(spares_that_died_while_they_waited_are_no_failed_starts),
    TEST(a_shortage_is_waited_out_and_is_no_failure),
    TEST(a_full_socket_and_a_shortage_may_pass),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "backoff", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
